"""What a graph asks a person when it stops by LangGraph's ``interrupt``."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from agent_runner.engine.updates import as_json


@dataclass(frozen=True, slots=True)
class Asked:
    """The graph stopped to ask a person."""

    interrupt_id: str
    question: str
    context: dict[str, Any]


def question_of(interrupt: Mapping[str, Any]) -> Asked:
    """What a LangGraph interrupt asks: its ``question`` and ``context``, else its value as text."""
    value = interrupt["value"]
    if isinstance(value, BaseModel):
        value = value.model_dump()
    if isinstance(value, dict) and "question" in value:
        return Asked(interrupt["id"], str(value["question"]), as_json(value.get("context") or {}))
    return Asked(interrupt["id"], str(value), {})
