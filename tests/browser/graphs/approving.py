"""Graphs that ask in the ways that LangChain's agents and forms do; what they were told is their reply."""

import json
from typing import Any

from langchain_core.messages import AIMessage
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import interrupt

ACTIONS = {
    "action_requests": [
        {"name": "send_email", "args": {"to": "mia@harbor.example", "subject": "Invoice", "copies": 1}},
        {"name": "delete_file", "args": {"path": "old.txt"}},
    ],
    "review_configs": [
        {"action_name": "send_email", "allowed_decisions": ["approve", "edit", "reject"]},
        {"action_name": "delete_file", "allowed_decisions": ["approve", "reject"]},
    ],
}
FORM = {
    "type": "object",
    "properties": {"days": {"type": "integer"}, "why": {"type": "string"}, "paid": {"type": "boolean"}},
    "required": ["days", "why"],
}
ASKED = {
    "actions": lambda: interrupt(ACTIONS),
    "inbox": lambda: interrupt(
        {
            "action_request": {"action": "pay", "args": {"amount": 10}},
            "config": {"allow_accept": True, "allow_edit": True, "allow_respond": True, "allow_ignore": True},
        }
    ),
    "options": lambda: interrupt({"question": "Which colour?", "options": ["red", "green"]}),
    "form": lambda: interrupt({"question": "How long?"}, response_schema=FORM),
}


async def ask(state: MessagesState) -> Any:
    """Ask as the last message says."""
    answer = ASKED[state["messages"][-1].text]()
    return {"messages": [AIMessage(json.dumps(answer))]}


graph = StateGraph(MessagesState)
graph.add_node(ask)
graph.add_edge(START, "ask")
