"""A graph whose runs last until a test lets them go on: a message is ``<file> <words>``."""

import asyncio
from pathlib import Path
from typing import Any

from langchain_core.messages import AIMessage
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.types import interrupt

WAIT_SECONDS = 30


def build() -> StateGraph[Any, None, Any, Any]:
    """``take_up`` → ``wait`` until the file is there → ``reply`` with all that was ever said.

    The word "ask" makes it ask a person first, the word "fail" makes it fail.
    """

    async def take_up(state: MessagesState) -> dict[str, Any]:
        words = state["messages"][-1].text.split(" ", 1)[1].split()
        if "fail" in words:
            raise RuntimeError("as it was told to")
        if "ask" in words:
            interrupt({"question": "Shall I?"})
        return {}

    async def wait(state: MessagesState) -> dict[str, Any]:
        gate = Path(state["messages"][-1].text.split(" ", 1)[0])
        async with asyncio.timeout(WAIT_SECONDS):
            while not gate.exists():  # noqa: ASYNC240 - another process opens the gate
                await asyncio.sleep(0.01)
        return {}

    async def reply(state: MessagesState) -> dict[str, Any]:
        said = [message.text.split(" ", 1)[-1] for message in state["messages"] if message.type == "human"]
        return {"messages": [AIMessage(" | ".join(said))]}

    graph = StateGraph(MessagesState)
    graph.add_sequence([take_up, wait, reply])
    graph.add_edge(START, "take_up")
    graph.add_edge("reply", END)
    return graph
