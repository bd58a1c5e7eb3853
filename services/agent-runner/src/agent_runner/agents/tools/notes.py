"""Search over the folder's Markdown notes, Korean and English, by what a question is about.

A question's words count by how rare they are in the notes (the inverse document frequency of BM25); words of
one meaning, in either language, count as one (`notes.yaml`). A section is found when it has enough of what
the question asks about, so that a question the notes do not answer finds nothing. Who asks for a policy is
told which sections only mention its subject: the onboarding note names the security guide, and is none.
Source: Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009).
"""

import asyncio
import logging
import math
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import re2
import yaml
from langchain_core.tools import BaseTool

from agent_runner.agents.tools.answering import tool_of
from agent_runner.agents.tools.folder import DataFolder, Fingerprint, fingerprint
from agent_runner.agents.tools.tables import Unreadable, text_of

logger = logging.getLogger(__name__)

LEAST_SHARE: Final = 0.5
"""Of what a question asks about, by weight, that a section must have; measured on labelled questions."""
LONGEST_QUERY: Final = 1_000
_WORD: Final = re2.compile(r"[\p{Hangul}]+|[\p{Latin}\p{N}]+")
_HEADING: Final = re2.compile(r"(?m)^#{1,6}\s+")
_PARTICLES: Final = (
    "에서는",
    "에서",
    "에게",
    "한테",
    "으로",
    "이랑",
    "은",
    "는",
    "이",
    "가",
    "을",
    "를",
    "의",
    "도",
    "만",
    "와",
    "과",
    "에",
    "로",
)
MEANING: Final = "= "
"""Begins the name of a meaning; a word as it stands has no space."""
_TITLE_WEIGHT: Final = 0.3


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, the text below it, and what both are about.

    Attributes:
        title: what the note's title is about.
        is_rule: the title says that the note is a policy, a guide or the like.
    """

    source: str
    heading: str
    text: str
    about: frozenset[str]
    title: frozenset[str]
    is_rule: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """A section that a question found.

    Attributes:
        share: of what the question asks about, by weight, that the section has.
        only_mentioned: a policy is asked for, and neither note nor heading is about its subject.
    """

    section: Section
    share: float
    only_mentioned: bool


class Index:
    """The sections of all notes, with what ranking needs."""

    def __init__(self, sections: list[Section]) -> None:
        self._sections = sections
        self._holding = Counter(term for section in sections for term in section.about | section.title)

    def search(self, query: str, limit: int) -> list[Found]:
        """The best sections, best first."""
        wanted = about(query, is_question=True)
        if not wanted:
            return []
        whole = sum(map(self._weight, wanted))
        for_rule = _names_rule(query[:LONGEST_QUERY])
        scored = []
        for section in self._sections:
            has = wanted & (section.about | section.title)
            share = sum(map(self._weight, has)) / whole if has - _beside() else 0.0
            heading = wanted & about(section.heading)
            only_mentioned = for_rule and not (section.is_rule or heading or wanted & section.title)
            rank = share + _TITLE_WEIGHT * len(heading) - len(has - section.about) / 100
            if share >= LEAST_SHARE:
                scored.append((only_mentioned, -rank, Found(section, share, only_mentioned)))
        scored.sort(key=lambda each: each[:2])
        return [found for *_, found in scored[:limit]]

    def _weight(self, term: str) -> float:
        holding = self._holding[term]
        return math.log(1 + (len(self._sections) - holding + 0.5) / (holding + 0.5))


def about(text: str, *, is_question: bool = False) -> frozenset[str]:
    """What a text is about: the meanings that its words have, and its other words but idle ones.

    A section's Korean words are kept whole and in their beginnings, since endings are glued to them.
    """
    rest = unicodedata.normalize("NFC", text[:LONGEST_QUERY] if is_question else text).casefold()
    found = set()
    for meaning, phrase in _phrases():
        if phrase in rest:
            found.add(meaning)
            rest = rest.replace(phrase, " ") if is_question else rest
    for word in _WORD.findall(rest):
        if word in _idle():
            continue
        meanings = {meaning for meaning, beginning in _beginnings_of_words() if _is_of(word, beginning)}
        found |= meanings
        core = (is_question and _noun_of(word)) or _core(word)
        if (meanings and is_question) or core in _idle() or len(core) < 2:
            continue
        if is_question and core == _core(word) and _is_verb(word):
            continue
        found |= {core} if is_question else _beginnings(word)
    return frozenset(found)


def _names_rule(text: str) -> bool:
    """Whether a policy, a guide or the like is named."""
    words = _WORD.findall(unicodedata.normalize("NFC", text).casefold())
    return any(_core(word) in _data()["rules"] for word in words)


def _is_of(word: str, beginning: str) -> bool:
    return word.startswith(beginning) if beginning.isascii() else beginning in word


def _is_verb(word: str) -> bool:
    return not word.isascii() and word.endswith(tuple(_data()["predicates"]))


def _noun_of(word: str) -> str | None:
    """The noun that a Korean verb is made of: 예약 of 예약해요."""
    for ending in _data()["made_of_nouns"]:
        if word.endswith(ending) and len(word) > len(ending) + 1:
            return word.removesuffix(ending)
    return None


def _core(word: str) -> str:
    if word.isascii():
        return word[:-1] if len(word) > 3 and word.endswith("s") else word
    for particle in _PARTICLES:
        if word.endswith(particle) and len(word) > len(particle) + 1:
            return word.removesuffix(particle)
    return word


def _beginnings(word: str) -> set[str]:
    if word.isascii():
        return {_core(word)}
    return {word[:end] for end in range(2, len(word) + 1)}


@cache
def _phrases() -> tuple[tuple[str, str], ...]:
    """The meanings of several words together, or of a word with a digit."""
    concepts = _data()["concepts"].items()
    return tuple(
        (f"{MEANING}{meaning}", word) for meaning, words in concepts for word in words if not word.isalpha()
    )


@cache
def _beginnings_of_words() -> tuple[tuple[str, str], ...]:
    concepts = _data()["concepts"].items()
    return tuple(
        (f"{MEANING}{meaning}", word) for meaning, words in concepts for word in words if word.isalpha()
    )


@cache
def _beside() -> frozenset[str]:
    return frozenset(f"{MEANING}{meaning}" for meaning in _data()["beside"])


@cache
def _idle() -> frozenset[str]:
    return frozenset(map(str, _data()["idle"]))


@cache
def _data() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
    return loaded


def sections_of(source: str, markdown: str) -> list[Section]:
    """A note cut at its headings; what its title is about counts for each section."""
    parts = [part for part in _HEADING.split(markdown) if part.strip()]
    first = parts[0].splitlines()[0] if parts else ""
    title, is_rule = about(first), _names_rule(first)
    sections = []
    for part in parts:
        heading, _, text = part.strip().partition("\n")
        if text.strip():
            sections.append(
                Section(source, heading, text.strip(), about(f"{heading} {text}"), title, is_rule)
            )
    return sections


def _index(files: Sequence[Path]) -> Index:
    sections: list[Section] = []
    for file in files:
        try:
            sections += sections_of(file.name, text_of(file))
        except Unreadable as error:
            logger.warning("a note is left out: %s", error)
    return Index(sections)


def note_tools(folder: DataFolder) -> list[BaseTool]:
    """`search_notes` over the folder's notes; they are indexed again when a file changed."""
    indexed: tuple[Fingerprint, Index] | None = None

    async def search_notes(query: str, limit: int = 3) -> list[dict[str, Any]]:
        """Search the notes (policies, guides, minutes) and return the best sections; none where they do not
        say. A question in English finds notes in Korean, and the other way round. Where a policy is asked
        for, a section that only mentions its subject is marked `only_mentioned`: it is not that policy."""
        nonlocal indexed
        files = folder.notes()
        mark = fingerprint(files)
        if indexed is None or indexed[0] != mark:
            indexed = (mark, await asyncio.to_thread(_index, files))
        return [_row(found) for found in indexed[1].search(query, limit)]

    return [tool_of(search_notes)]


def _row(found: Found) -> dict[str, Any]:
    section = found.section
    row = {"source": section.source, "heading": section.heading, "text": section.text}
    return row | {"score": round(found.share, 2)} | ({"only_mentioned": True} if found.only_mentioned else {})
