"""Graphs of one's own: one whose answer is long by ear, and one that fails."""

from langchain_core.messages import AIMessage
from langgraph.graph import START, MessagesState, StateGraph

LINES = " ".join(f"This is line {number} of a poem that I know by heart." for number in range(1, 6))


async def _recite(state: MessagesState) -> dict[str, list[AIMessage]]:
    return {"messages": [AIMessage(LINES)]}


async def _stumble(state: MessagesState) -> dict[str, list[AIMessage]]:
    raise RuntimeError("words of the graph")


stumbling = StateGraph(MessagesState).add_node("stumble", _stumble).add_edge(START, "stumble").compile()
graph = StateGraph(MessagesState).add_node("recite", _recite).add_edge(START, "recite").compile()
