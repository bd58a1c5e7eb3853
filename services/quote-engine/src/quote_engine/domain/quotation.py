"""A quotation of the collection, and a collection read from JSON lines. Next: `choice`."""

import json
from collections.abc import Iterable
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from contracts.events.quote import Category, Emotion, Language, Quote, Theme

MAX_TEXT: Final = 500
Situation: TypeAlias = Literal[
    "grief",
    "breakup",
    "sadness",
    "anger",
    "failure",
    "shame",
    "exhaustion",
    "worry",
    "loneliness",
    "illness",
    "joy",
    "boredom",
    "calm",
    "focus",
    "crisis",
]
"""What somebody is in, who is given a quotation."""

Text = Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]


class CollectionError(ValueError):
    """A collection that can't be used; says which line and field."""


class Quotation(BaseModel):
    """One line of a collection.

    Attributes:
        source: the work, and where in it, when known.
        year: when it was first published or written, when known; negative before our era.
        emotions: of a user whom it may help.
        suits: situations that it was chosen for; those come first.
        hurts: situations in which it scolds, belittles or wounds; it is not given in them.
        attribution: ``verified`` stands in the source or renders it faithfully;
            ``uncertain`` is never given.
        note: why an attribution is uncertain, or what else a reader should know.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, Field(min_length=1, max_length=64)]
    text: Text
    author: Text
    source: Text | None = None
    year: int | None = None
    language: Language
    category: Category
    themes: Annotated[tuple[Theme, ...], Field(min_length=1)]
    emotions: Annotated[tuple[Emotion, ...], Field(min_length=1)]
    suits: tuple[Situation, ...] = ()
    hurts: tuple[Situation, ...] = ()
    attribution: Literal["verified", "proverb", "uncertain"]
    note: Text | None = None

    @property
    def usable(self) -> bool:
        """Whether it may be given to a user."""
        return self.attribution != "uncertain"

    def as_quote(self) -> Quote:
        """What clients see of it."""
        return Quote(id=self.id, text=self.text, author=self.author, category=self.category)


def parse_collection(lines: Iterable[str], name: str) -> tuple[Quotation, ...]:
    """The quotations of a file of JSON lines; empty lines are skipped.

    Args:
        name: what to call the file in errors.

    Raises:
        CollectionError: on the first line that does not fit, on an id used twice, or when none is usable.
    """
    found: dict[str, Quotation] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        quotation = _parse(line, f"{name}, line {number}")
        if quotation.id in found:
            raise CollectionError(f"{name}, line {number}, field id: {quotation.id!r} is used twice")
        found[quotation.id] = quotation
    if not any(quotation.usable for quotation in found.values()):
        raise CollectionError(f"{name}: no quotation in it may be given")
    return tuple(found.values())


def _parse(line: str, place: str) -> Quotation:
    try:
        return Quotation.model_validate(json.loads(line))
    except json.JSONDecodeError as error:
        raise CollectionError(f"{place}: not JSON: {error.msg} at column {error.colno}") from None
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "(whole line)"
        raise CollectionError(f"{place}, field {field}: {first['msg']}") from None
