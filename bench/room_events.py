"""What a token costs, by the way it leaves the graph: ``python bench/room_events.py``.

The same `chat` graph, the same tokens from a model that takes no time; each way is told what it can
tell, and nothing is sent anywhere. The figures are the best of all rounds, less the same graph run silently.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import uuid4

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langgraph.types import StreamMode

from agent_runner.agents.graphs import chat
from agent_runner.engine.deltas import Deltas
from agent_runner.engine.trace import Trace
from contracts.live import Delta
from eventlog.memory import MemoryLive

TOKENS = 400
ROUNDS = 15


class Talker(BaseChatModel):
    """Says the same words to everybody, at once."""

    @property
    def _llm_type(self) -> str:
        return "talker"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=AIMessage("word " * TOKENS))])

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        for number in range(TOKENS):
            chunk = AIMessageChunk(content="word ")
            chunk.chunk_position = "last" if number == TOKENS - 1 else None
            yield ChatGenerationChunk(message=chunk)


class Nobody(MemoryLive):
    """Turns deltas into bytes and drops them."""

    async def publish(self, conversation: str, delta: Delta) -> None:
        delta.model_dump_json().encode()


graph = chat.build(Talker(), []).compile()
ASKED: Any = {"messages": [HumanMessage("go on")]}


async def silent() -> int:
    async for _ in graph.astream(ASKED, stream_mode=["tasks"]):
        pass
    return TOKENS


async def by_mode(mode: StreamMode) -> int:
    stream: AsyncIterator[Any] = graph.astream(ASKED, stream_mode=["tasks", mode])
    return len([part async for part in stream if part[0] == mode])


async def writer() -> int:
    return await by_mode("custom")


async def messages() -> int:
    return await by_mode("messages")


async def callbacks() -> int:
    deltas = Deltas(Nobody(), "room", str(uuid4()), 1)
    deltas.release()
    publishing = asyncio.create_task(deltas.publish_as_sent())
    async for _ in graph.astream(ASKED, {"callbacks": [Trace(deltas)]}, stream_mode=["tasks"]):
        pass
    await deltas.flush()
    publishing.cancel()
    return deltas.count


async def events() -> int:
    return len([event async for event in graph.astream_events(ASKED, version="v2")])


async def seconds(way: Callable[[], Awaitable[int]]) -> tuple[float, int]:
    began = time.perf_counter()
    told = await way()
    return time.perf_counter() - began, told


async def main() -> None:
    ways = (silent, writer, callbacks, messages, events)
    taken: dict[str, list[float]] = {way.__name__: [] for way in ways}
    told: dict[str, int] = {}
    for _ in range(ROUNDS):
        for way in ways:
            elapsed, told[way.__name__] = await seconds(way)
            taken[way.__name__].append(elapsed)
    base = min(taken["silent"])
    print(f"{TOKENS} tokens, {ROUNDS} rounds; the silent graph takes {base / TOKENS * 1e6:.1f} µs a token")
    for way in ways[1:]:
        assert told[way.__name__] >= TOKENS
        added = (min(taken[way.__name__]) - base) / TOKENS * 1e6
        print(f"{way.__name__:>10}: {added:7.1f} µs a token, {told[way.__name__]} things told")


if __name__ == "__main__":
    asyncio.run(main())
