"""A graph of three nodes whose model says as many tokens as the message tells, and takes no time for it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langgraph.graph import END, START, MessagesState, StateGraph

SENT = 8
"""Messages that the model is given."""


class Counter(BaseChatModel):
    """Says ``tNN`` as often as the last message asks."""

    @property
    def _llm_type(self) -> str:
        return "counter"

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        said = "".join(f"t{number:02d} " for number in range(int(str(messages[-1].content))))
        return ChatResult(generations=[ChatGeneration(message=AIMessage(said))])

    async def _astream(
        self, messages: list[BaseMessage], *_: Any, **__: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        for number in range(int(str(messages[-1].content))):
            await asyncio.sleep(0)
            yield ChatGenerationChunk(message=AIMessageChunk(content=f"t{number:02d} "))


class State(MessagesState):
    """The messages, and what the first two nodes found."""

    intent: str
    plan: str


async def understand(state: State) -> dict[str, str]:
    """The first node."""
    return {"intent": "count"}


async def plan(state: State) -> dict[str, str]:
    """The second node."""
    return {"plan": f"answer {state['intent']}"}


async def answer(state: State) -> dict[str, list[BaseMessage]]:
    """The third node; what it sends to the model has a bound."""
    return {"messages": [await Counter().ainvoke(state["messages"][-SENT:])]}


builder = StateGraph(State)
builder.add_node("understand", understand)
builder.add_node("plan", plan)
builder.add_node("answer", answer)
builder.add_edge(START, "understand")
builder.add_edge("understand", "plan")
builder.add_edge("plan", "answer")
builder.add_edge("answer", END)
graph = builder.compile()
