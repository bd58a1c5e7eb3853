"""A LangGraph graph that knows nothing of Parley: it counts the words it was given and shouts them back."""

from typing import Annotated, Any, TypedDict

from langchain_core.messages import AIMessage, AnyMessage
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages


class State(TypedDict, total=False):
    """The conversation, and the number of words in the last message."""

    messages: Annotated[list[AnyMessage], add_messages]
    words: int


def count(state: State) -> State:
    """Count the words of the last message."""
    return {"words": len(state["messages"][-1].text.split())}


def shout(state: State) -> State:
    """Say the message again, louder. The id is the question's, so that a repeated run answers once."""
    asked = state["messages"][-1]
    reply = AIMessage(f"{asked.text.upper()}! ({state['words']} words)", id=f"{asked.id}-reply")
    return {"messages": [reply]}


def builder() -> StateGraph[State, None, Any, Any]:
    """The graph; whoever serves it compiles it with a checkpointer."""
    graph = StateGraph(State)
    graph.add_node("count", count)
    graph.add_node("shout", shout)
    graph.add_edge(START, "count")
    graph.add_edge("count", "shout")
    graph.add_edge("shout", END)
    return graph


compiled = builder().compile()
