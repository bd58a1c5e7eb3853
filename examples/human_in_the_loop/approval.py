"""A LangGraph graph that asks a person before it sends an e-mail, and takes a changed text for an answer."""

from typing import Annotated, Any, TypedDict

from langchain_core.messages import AIMessage, AnyMessage
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.types import interrupt


class State(TypedDict, total=False):
    """The conversation, and the text that was agreed to; empty if it was refused."""

    messages: Annotated[list[AnyMessage], add_messages]
    text: str


def ask(state: State) -> State:
    """Show the draft: True sends it, False nothing, a text is sent instead.

    The question asks for more than yes or no; to a plain yes-or-no question a text is not taken.
    """
    draft = f"Dear team, {state['messages'][-1].text}"
    answer = interrupt({"message": "Which text shall I send?", "draft": draft})
    return {"text": answer if isinstance(answer, str) else draft if answer else ""}


def send(state: State) -> State:
    """Say what became of it; a real graph would send here."""
    said = f"Sent: {state['text']}" if state["text"] else "Not sent."
    return {"messages": [AIMessage(said, id=f"{state['messages'][-1].id}-reply")]}


def builder() -> StateGraph[State, None, Any, Any]:
    """The graph; whoever serves it compiles it with a checkpointer."""
    graph = StateGraph(State)
    graph.add_node("ask", ask)
    graph.add_node("send", send)
    graph.add_edge(START, "ask")
    graph.add_edge("ask", "send")
    graph.add_edge("send", END)
    return graph
