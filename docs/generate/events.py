"""The catalogue of events, made of their classes in `contracts.events`.

``python docs/generate/events.py`` writes it; a test fails when it is not what this would write.
"""

import inspect
import re
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from pydantic.fields import FieldInfo

from contracts.events import REGISTERED, Event, Work

PAGE: Final = Path(__file__).parents[1] / "events.md"
HEAD: Final = """# Events

Every fact that the log can hold. `make reference` writes this page from the classes in `libs/contracts`;
the JSON Schemas of all versions are in `libs/contracts/schemas`.

An event's subject is `conv.<shard>.<conversation>.<type>…`. Its payload is the JSON object below. Its headers
are the attributes of CloudEvents 1.0: `ce-id` (unique for ever), `ce-type`, `ce-dataversion`, `ce-time`,
`ce-source` (the service that appended it), and where they apply `ce-correlationid` (the event that began the
turn), `ce-causationid` (the event that this one reacts to) and `ce-traceparent`.

An event never changes. A new version is a new schema, and older ones are read as the newest.
`parley show KEY` prints the events of a conversation.
"""
AREAS: Final = {
    "conversation": "The life of a conversation",
    "message": "What people say",
    "answer": "Answers to questions",
    "cancel": "Cancelling",
    "run": "Runs of a graph",
    "tool": "Tools",
    "checkpoint": "The state of a graph",
    "voice": "Voice",
    "quote": "The quote talk",
    "document": "Documents that tools draft",
    "control": "What is kept of a conversation",
    "store": "The memory of graphs",
}
_ATTRIBUTE: Final = re.compile(r"^(\w+): (.*?)(?=^\w+: |\Z)", re.MULTILINE | re.DOTALL)
_NONE: Final = "—"


def page() -> str:
    """The text of the catalogue."""
    areas = sorted(AREAS.get(_area(each), _area(each)) for each in REGISTERED)
    order = {title: place for place, title in enumerate(dict.fromkeys([*AREAS.values(), *areas]))}
    events = sorted(REGISTERED, key=lambda each: order[AREAS.get(_area(each), _area(each))])
    grouped = groupby(events, key=lambda each: AREAS.get(_area(each), _area(each)))
    parts = [f"## {title}\n\n" + "\n".join(map(_section, among)) for title, among in grouped]
    return "\n".join([HEAD, *parts])


def _area(event: type[Event]) -> str:
    return event.type.partition(".")[0]


def _section(event: type[Event]) -> str:
    meaning, told = _explained(event)
    work = " A request to one service, the addressee." if issubclass(event, Work) else ""
    head = f"### `{event.type}` version {event.version}\n\n{meaning}{work}\n"
    if not event.model_fields:
        return head
    lines = [_row(name, info, told.get(name, "")) for name, info in event.model_fields.items()]
    return "\n".join((head, "| field | type | default | meaning |", "| --- | --- | --- | --- |", *lines, ""))


def _explained(event: type[Event]) -> tuple[str, dict[str, str]]:
    """What a class says of itself and of its fields, those of its bases among them."""
    told: dict[str, str] = {}
    for each in reversed(event.__mro__):
        if issubclass(each, Event):
            _, _, attributes = (inspect.getdoc(each) or "").partition("\nAttributes:\n")
            text = inspect.cleandoc("\n" + attributes)
            told |= {found[1]: " ".join(found[2].split()) for found in _ATTRIBUTE.finditer(text)}
    meaning = (event.__doc__ or "").partition("Attributes:")[0]
    return _plain(" ".join(meaning.split())), {name: _plain(text) for name, text in told.items()}


def _plain(text: str) -> str:
    return text.replace("``", "`").replace("|", "\\|")


def _row(name: str, info: FieldInfo, meaning: str) -> str:
    default = _NONE if info.is_required() else _default(info)
    return f"| `{name}` | {_type(info.annotation)} | {default} | {meaning or info.description or ''} |"


def _default(info: FieldInfo) -> str:
    value = info.get_default(call_default_factory=True, validated_data={})
    return "none" if value is None else f"`{value!r}`"


def _type(annotation: Any) -> str:
    plain = isinstance(annotation, type) and not getattr(annotation, "__args__", ())
    text = annotation.__name__ if plain else str(annotation)
    text = re.sub(r"\b(?:\w+\.)+(?=\w)", "", text)
    text = re.sub(r"\bAnnotated\[(\w+), [^\]]*\]", r"\1", text)
    text = re.sub(r"^Optional\[(.*)\]$", r"\1 | None", text)
    return "`" + text.replace("|", "\\|") + "`"


if __name__ == "__main__":
    PAGE.write_text(page())
