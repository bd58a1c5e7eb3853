"""A graph that does what a message says: ``wait FILE``, ``large BYTES``, ``fail``, ``exit``, or nothing."""

import asyncio
import sys
from pathlib import Path
from typing import Any

from langchain_core.messages import AIMessage
from langgraph.graph import END, START, MessagesState, StateGraph

WAIT_SECONDS = 120


def builder() -> StateGraph[Any, None, Any, Any]:
    """The graph; whoever serves it compiles it with a checkpointer."""

    async def obey(state: MessagesState) -> dict[str, Any]:
        command, _, told = state["messages"][-1].text.partition(" ")
        reply = command
        match command:
            case "wait":
                async with asyncio.timeout(WAIT_SECONDS):
                    while not Path(told).exists():  # noqa: ASYNC240 - another process makes it
                        await asyncio.sleep(0.01)
            case "large":
                reply = "x" * int(told)
            case "fail":
                raise RuntimeError(told)
            case "exit":
                sys.exit(told)
        return {"messages": [AIMessage(reply)]}

    graph = StateGraph(MessagesState)
    graph.add_node("obey", obey)
    graph.add_edge(START, "obey")
    graph.add_edge("obey", END)
    return graph
