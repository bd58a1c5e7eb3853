"""The graph form: nodes and edges that D3 and Cytoscape draw."""

from itertools import pairwise
from typing import Any, Final

from agent_runner.engine.outputs.account import Account, Step
from agent_runner.engine.outputs.wording import Status

COLOURS: Final[dict[Status, str]] = {
    "completed": "#4CAF50",
    "failed": "#F44336",
    "waiting": "#FF9800",
    "pending": "#9E9E9E",
}
_ICONS: Final = {
    "search": "🔍",
    "analyze": "📊",
    "analysis": "📊",
    "document": "📄",
    "report": "📄",
    "send": "✉️",
    "delete": "🗑️",
}
_OTHER_ICON: Final = "⚙️"
_START: Final = "start"
_LABEL_CHARACTERS: Final = 30


def graph_of(account: Account) -> dict[str, Any]:
    """A chain from ``start`` over every step; all ends of edges are nodes."""
    start = {
        "id": _START,
        "label": f"🚀 {_START}\n{account.words.start}...",
        "type": _START,
        "status": "completed",
        "color": COLOURS["completed"],
    }
    nodes = [start, *map(_node, account.steps)]
    edges = [
        {"id": f"edge_{source['id']}_to_{target['id']}", "source": source["id"], "target": target["id"]}
        for source, target in pairwise(nodes)
    ]
    metadata = {"total_steps": len(account.steps), "completed": account.count("completed")}
    return {"nodes": nodes, "edges": edges, "metadata": metadata}


def _node(step: Step) -> dict[str, Any]:
    icon = _ICONS.get(step.kind, _OTHER_ICON)
    return {
        "id": step.id,
        "label": f"{icon} {step.kind}\n{step.description[:_LABEL_CHARACTERS]}...",
        "type": step.kind,
        "status": step.status,
        "color": COLOURS[step.status],
    }
