"""A graph whose model says a word whenever a test lets it.

A message is ``<file> <words>``, and the file's size is how many words may be said.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langgraph.graph import START, MessagesState, StateGraph

LOOK_SECONDS = 0.02


def _allowed(file: Path, words: int) -> None:
    while file.stat().st_size < words:
        time.sleep(LOOK_SECONDS)


class Told(BaseChatModel):
    """Says the words of the last message, each when it may."""

    @property
    def _llm_type(self) -> str:
        return "told"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **more: Any,
    ) -> ChatResult:
        raise NotImplementedError("it only streams")

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **more: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        file, *words = messages[-1].text.split(" ")
        for number, word in enumerate(words, 1):
            await asyncio.to_thread(_allowed, Path(file), number)
            yield ChatGenerationChunk(message=AIMessageChunk(content=f"{word} "))
        usage = {"input_tokens": 1200, "output_tokens": len(words), "total_tokens": 1200 + len(words)}
        yield ChatGenerationChunk(message=AIMessageChunk(content="", usage_metadata=usage))


async def tell(state: MessagesState) -> Any:
    """Answer with the words."""
    return {"messages": [await Told().ainvoke(state["messages"])]}


graph = StateGraph(MessagesState)
graph.add_node(tell)
graph.add_edge(START, "tell")
