"""What the last message of a conversation asks for, by rules. Pure: messages in, `Request` out.

Read `phrases` for what a single text says, and `plans` for what is done about a request.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from agent_runner.agents.models.phrases import (
    DOCUMENT_ID,
    NAME,
    REFINES,
    Kind,
    details_of,
    filters_of,
    kind_of,
)
from agent_runner.agents.planning import ANSWERS
from agent_runner.engine.faults import Language, language_of

_Reading: TypeAlias = tuple[Kind, dict[str, str], dict[str, str]]
LONGEST: Final = 2_000
"""Characters of a message that the rules read; a bound on the patterns' work."""
LOOK_BACK: Final = 20
"""Requests that a refinement is read in the light of."""
_REFINABLE: Final = frozenset[Kind]({"contacts", "analysis", "progress", "notes"})


@dataclass(frozen=True, slots=True)
class Request:
    """A message understood.

    Attributes:
        text: the message itself.
        filters: columns to values, such as region to 서울.
        details: what else was found: year, grouping, amount, document, name, address, template.
    """

    kind: Kind
    language: Language
    text: str
    filters: dict[str, str] = field(default_factory=dict)
    details: dict[str, str] = field(default_factory=dict)


def understand(messages: Sequence[BaseMessage]) -> Request:
    """The last human message, in the light of the earlier ones."""
    texts = _requests(messages)
    text = texts[-1] if texts else ""
    kind, filters, details = _read(text)
    if _refines(text, kind, filters):
        kind, filters, details = _refined(texts[-LOOK_BACK:])
    if kind in ("revise", "send", "delete", "read") and "document" not in details:
        details |= _last_document(messages)
    return Request(kind, language_of(text), text, filters, details)


def _read(text: str) -> _Reading:
    kind = kind_of(text)
    return kind, filters_of(text), details_of(text, kind)


def _refines(text: str, kind: Kind, filters: dict[str, str]) -> bool:
    return bool(filters and (kind == "beyond" or kind in _REFINABLE) and REFINES.search(text))


def _refined(texts: Sequence[str]) -> _Reading:
    """The last text as it narrows the requests before it, one after the other."""
    base: _Reading = ("beyond", {}, {})
    reading = base
    for text in texts:
        reading = _read(text)
        if base[0] in _REFINABLE and _refines(text, *reading[:2]):
            reading = (base[0], base[1] | reading[1], base[2] | reading[2])
        if reading[0] in _REFINABLE:
            base = reading
    return reading


def user_name(messages: Sequence[BaseMessage]) -> str | None:
    """The name the user last gave, or None."""
    for message in reversed(messages):
        if isinstance(message, HumanMessage) and (found := NAME.search(message.text)):
            return next(group for group in found.groups() if group)
    return None


def earlier_requests(messages: Sequence[BaseMessage]) -> list[str]:
    """What the user said before the last message, oldest first."""
    return _requests(messages)[:-1]


def _requests(messages: Sequence[BaseMessage]) -> list[str]:
    """What the user asked; answers to the planner's questions are marked and left out."""
    return [
        m.text[:LONGEST]
        for m in messages
        if isinstance(m, HumanMessage) and ANSWERS not in m.additional_kwargs
    ]


def _last_document(messages: Sequence[BaseMessage]) -> dict[str, str]:
    for message in reversed(messages):
        if isinstance(message, AIMessage) and (found := DOCUMENT_ID.findall(message.text)):
            return {"document": found[-1]}
    return {}
