"""The graphs that the tests beside serve."""

from typing import Any

from langchain_core.messages import AIMessage
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.runtime import Runtime


async def recall(state: MessagesState, runtime: Runtime[None]) -> dict[str, Any]:
    """Say what was said to any conversation before, the nearest first, and keep what is said now."""
    said = str(state["messages"][-1].content)
    assert runtime.store is not None
    found = await runtime.store.asearch(("talk", "memories"), query=said, limit=2)
    await runtime.store.aput(("talk", "memories"), said, {"text": said})
    kept = await runtime.store.aget(("talk", "memories"), said)
    assert kept is not None
    return {"messages": [AIMessage(" | ".join(item.value["text"] for item in found) or "nothing yet")]}


memory = StateGraph(MessagesState).add_node(recall).add_edge(START, "recall").compile()
