"""The work that every peer does: understand, plan, answer over a state of messages; the answer is 40 tokens.

The text of the message begins with milliseconds per token and a bar: ``10|hello``. After ``10|stamped|`` a
token tells when it was made, on the machine's monotonic clock.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langgraph.graph import END, START, MessagesState, StateGraph

TOKENS = [f"t{number:03d} " for number in range(40)]


class Fake(BaseChatModel):
    """A model that takes the time it is told and no other."""

    @property
    def _llm_type(self) -> str:
        return "fake"

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=AIMessage("".join(TOKENS)))])

    async def _astream(
        self, messages: list[BaseMessage], *_: Any, **__: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        delay, kind, *_rest = str(messages[-1].content).split("|")
        for token in TOKENS:
            await asyncio.sleep(int(delay) / 1000)
            text = f"{time.monotonic():.6f} " if kind == "stamped" else token
            yield ChatGenerationChunk(message=AIMessageChunk(content=text))


class State(MessagesState):
    """The messages, and what the first two nodes make of the last one."""

    intent: str
    plan: str


async def understand(state: State) -> dict[str, str]:
    """The first node."""
    return {"intent": f"talk:{len(state['messages'][-1].content)}"}


async def plan(state: State) -> dict[str, str]:
    """The second node."""
    return {"plan": f"answer {state['intent']}"}


async def answer(state: State) -> dict[str, list[BaseMessage]]:
    """The third node, whose tokens are streamed."""
    return {"messages": [await Fake().ainvoke(state["messages"])]}


builder = StateGraph(State)
builder.add_node("understand", understand)
builder.add_node("plan", plan)
builder.add_node("answer", answer)
builder.add_edge(START, "understand")
builder.add_edge("understand", "plan")
builder.add_edge("plan", "answer")
builder.add_edge("answer", END)
graph = builder.compile()
