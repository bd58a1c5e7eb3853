"""A graph of one's own, whose answer is long by ear."""

from langchain_core.messages import AIMessage
from langgraph.graph import START, MessagesState, StateGraph

LINES = " ".join(f"This is line {number} of a poem that I know by heart." for number in range(1, 6))


async def _recite(_: MessagesState) -> dict[str, list[AIMessage]]:
    return {"messages": [AIMessage(LINES)]}


graph = StateGraph(MessagesState).add_node("recite", _recite).add_edge(START, "recite").compile()
