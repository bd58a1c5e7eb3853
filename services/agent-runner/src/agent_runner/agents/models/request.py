"""What the last message of a conversation asks for, by rules. Pure: messages in, `Request` out.

Read `phrases` for what a single text says, and `plans` for what is done about a request.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from agent_runner.agents.models.phrases import (
    DOCUMENT_ID,
    NAME,
    Kind,
    details_of,
    filters_of,
    kind_of,
    refines,
)
from agent_runner.agents.planning import ANSWERS
from agent_runner.engine.faults import Language, language_of

_Reading: TypeAlias = tuple[Kind, dict[str, str], dict[str, str]]
LONGEST: Final = 2_000
"""Characters of a message that the rules read; a bound on the patterns' work."""
LOOK_BACK: Final = 20
"""Requests that a refinement is read in the light of."""
_REFINABLE: Final = frozenset[Kind]({"contacts", "analysis", "profit", "progress", "tasks"})
_TURNS: Final = frozenset(
    {
        "group",
        "columns",
        "compared",
        "months",
        "measure",
        "year",
        "average",
        "extreme",
        "query",
        "status",
        "owner",
    }
)
"""Details by which a text can go on from the one before it."""


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
    kind, filters, details = _read_after(texts[-LOOK_BACK:])
    if kind in ("revise", "send", "delete", "read") and "document" not in details:
        details |= _last_document(messages)
    return Request(kind, language_of(text), text, filters, details)


def _read(text: str, kind: Kind) -> _Reading:
    return kind, filters_of(text), details_of(text, kind)


def _read_after(texts: Sequence[str]) -> _Reading:
    """The last text, as it goes on from the requests before it, one after the other."""
    base: _Reading = ("beyond", {}, {})
    reading = base
    for text in texts:
        kind = kind_of(text)
        reading = _read(text, kind)
        going_on = _read(text, base[0])
        if base[0] in _REFINABLE and _goes_on(text, kind, going_on):
            reading = _joined(base, going_on)
        if reading[0] in _REFINABLE:
            base = reading
    return reading


def _goes_on(text: str, kind: Kind, reading: _Reading) -> bool:
    """Whether the text says something about what was asked before, rather than something of its own."""
    turns = bool(reading[1] or _TURNS & (reading[2].keys() - {"query"}))
    if kind == "beyond":
        return turns
    return turns and kind == reading[0] and refines(text)


def _joined(base: _Reading, new: _Reading) -> _Reading:
    details = base[2] | new[2]
    if "compared" in new[2] and "year" in new[2] and new[2]["compared"] == "yes":
        details["compared"] = new[2]["year"]  # the year before is what it is compared with
        details.pop("year")
        if "year" in base[2]:
            details["year"] = base[2]["year"]
    return base[0], base[1] | new[1], details


def user_name(messages: Sequence[BaseMessage]) -> str | None:
    """The name the user last gave, or None."""
    for text in reversed(_requests(messages)):
        if kind_of(text) == "introduction" and (found := NAME.search(text)):
            return str(next(group for group in found.groups() if group))
    return None


def earlier_requests(messages: Sequence[BaseMessage]) -> list[str]:
    """What the user said before the last message, oldest first."""
    return _requests(messages)[:-1]


def _requests(messages: Sequence[BaseMessage]) -> list[str]:
    """What the user asked, in NFC; answers to the planner's questions are marked and left out."""
    return [
        unicodedata.normalize("NFC", m.text[:LONGEST])
        for m in messages
        if isinstance(m, HumanMessage) and ANSWERS not in m.additional_kwargs
    ]


def _last_document(messages: Sequence[BaseMessage]) -> dict[str, str]:
    for message in reversed(messages):
        if isinstance(message, AIMessage) and (found := DOCUMENT_ID.findall(str(message.text))):
            return {"document": found[-1]}
    return {}
