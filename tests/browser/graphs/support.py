"""A graph of several nodes that stays in one of them until a file is there, for who looks at it running."""

import os
import time
from pathlib import Path
from typing import Any

from langchain_core.messages import AIMessage
from langgraph.graph import END, START, MessagesState, StateGraph

LOOK_SECONDS = 0.05
GO_ON = Path(os.environ["SUPPORT_GOES_ON"])


class Ticket(MessagesState):
    """A question of a customer."""

    kind: str
    found: str


async def triage(state: Ticket) -> Any:
    """What it is about."""
    return {"kind": "order" if "order" in state["messages"][-1].text else "policy"}


async def search_orders(state: Ticket) -> Any:
    """Look the order up."""
    return {"found": "Order 4711 left the warehouse on Tuesday."}


async def read_policy(state: Ticket) -> Any:
    """Look the rule up."""
    return {"found": "Goods may be sent back within 30 days."}


def write_reply(state: Ticket) -> Any:
    """Answer, once it may."""
    while not GO_ON.exists():
        time.sleep(LOOK_SECONDS)
    return {"messages": [AIMessage(state["found"])]}


async def review(state: Ticket) -> Any:
    """Nothing to object to."""
    return {}


graph = StateGraph(Ticket)
for node in (triage, search_orders, read_policy, write_reply, review):
    graph.add_node(node)
graph.add_edge(START, "triage")
graph.add_conditional_edges(
    "triage", lambda state: state["kind"], {"order": "search_orders", "policy": "read_policy"}
)
graph.add_edge("search_orders", "write_reply")
graph.add_edge("read_policy", "write_reply")
graph.add_edge("write_reply", "review")
graph.add_edge("review", END)
