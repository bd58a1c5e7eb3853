"""A graph whose second node waits for a file, so that a test knows where its runner is when it stops it.

Every visit of a node is written to a file that survives the process.
"""

import asyncio
import os
from pathlib import Path
from typing import Annotated, Any, TypedDict

from langchain_core.messages import AIMessage, AnyMessage
from langchain_core.runnables import RunnableConfig
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages

FOLDER = "GATED_GRAPH_FOLDER"


class State(TypedDict, total=False):
    """The conversation, and who did the first step."""

    messages: Annotated[list[AnyMessage], add_messages]
    first: str


def _visit(node: str, conversation: str) -> Path:
    folder = Path(os.environ[FOLDER])
    with (folder / "visits").open("a") as visits:
        visits.write(f"{node} {os.getpid()} {conversation}\n")
    return folder


async def first(state: State, config: RunnableConfig) -> State:
    """Say which process this was."""
    _visit("first", config["configurable"]["thread_id"])
    return {"first": str(os.getpid()), "messages": [AIMessage("one", id=f"{state['messages'][-1].id}-one")]}


async def second(state: State, config: RunnableConfig) -> State:
    """Wait for the conversation's gate to be opened."""
    conversation = config["configurable"]["thread_id"]
    folder = _visit("second", conversation)
    while not (folder / f"open {conversation}").exists():
        await asyncio.sleep(0.01)
    return {"messages": [AIMessage(f"{state['first']} {os.getpid()}", id=f"{state['messages'][-1].id}-two")]}


async def dwell(state: State, config: RunnableConfig) -> State:
    """Take a second, as a model does that is somewhere else."""
    _visit("dwell", config["configurable"]["thread_id"])
    await asyncio.sleep(1)
    return {"messages": [AIMessage("done", id=f"{state['messages'][-1].id}-done")]}


def dwelling() -> StateGraph[State, None, Any, Any]:
    """The graph of one node that waits and uses no processor."""
    return StateGraph(State).add_node("dwell", dwell).add_edge(START, "dwell").add_edge("dwell", END)


def builder() -> StateGraph[State, None, Any, Any]:
    """The graph; whoever serves it compiles it with a checkpointer."""
    graph = StateGraph(State)
    graph.add_node("first", first)
    graph.add_node("second", second)
    graph.add_edge(START, "first")
    graph.add_edge("first", "second")
    graph.add_edge("second", END)
    return graph
