"""Search over the folder's Markdown notes, ranked by Okapi BM25, Korean and English.

Korean is indexed by pairs of syllables, since endings are glued to words; other words as they are.
Source: Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009).
"""

import math
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

from langchain_core.tools import BaseTool

from agent_runner.agents.tools.answering import tool_of
from agent_runner.agents.tools.folder import DataFolder, Fingerprint, fingerprint

K1: Final = 1.2
B: Final = 0.75
_WORD = re.compile(r"[가-힣]+|[^\W가-힣]+")
_HEADING = re.compile(r"^#{1,6}\s+", re.MULTILINE)
_STOP = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "at",
        "do",
        "does",
        "for",
        "how",
        "i",
        "in",
        "is",
        "it",
        "me",
        "my",
        "of",
        "on",
        "or",
        "our",
        "the",
        "to",
        "we",
        "what",
        "when",
        "who",
    ]
)


def terms(text: str) -> list[str]:
    """What a text is found by."""
    found: list[str] = []
    for word in _WORD.findall(text.casefold()):
        if "가" <= word[0] <= "힣":
            found += [word[i : i + 2] for i in range(max(1, len(word) - 1))]
        elif word not in _STOP:
            found.append(word[:-1] if len(word) > 3 and word.endswith("s") else word)
    return found


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and the text below it."""

    source: str
    heading: str
    text: str
    counts: Counter[str]


class Index:
    """The sections of all notes, with what ranking needs."""

    def __init__(self, sections: list[Section]) -> None:
        self._sections = sections
        self._documents = Counter(term for section in sections for term in section.counts)
        lengths = [section.counts.total() for section in sections]
        self._mean = sum(lengths) / len(lengths) if lengths else 1.0

    def search(self, query: str, limit: int) -> list[tuple[float, Section]]:
        """The best sections with their scores, best first; none where no term occurs."""
        wanted = set(terms(query))
        scored = [(self._score(section, wanted), section) for section in self._sections]
        return sorted((s for s in scored if s[0] > 0), key=lambda s: -s[0])[:limit]

    def _score(self, section: Section, wanted: set[str]) -> float:
        length = K1 * (1 - B + B * section.counts.total() / self._mean)
        return sum(
            self._weight(t) * section.counts[t] * (K1 + 1) / (section.counts[t] + length) for t in wanted
        )

    def _weight(self, term: str) -> float:
        holding = self._documents[term]
        return math.log(1 + (len(self._sections) - holding + 0.5) / (holding + 0.5))


def sections_of(source: str, markdown: str) -> list[Section]:
    """A note cut at its headings; the note's title belongs to each section's terms."""
    title, *_ = (*(p.splitlines()[0] for p in _HEADING.split(markdown) if p.strip()), source)
    sections = []
    for part in _HEADING.split(markdown):
        heading, _, text = part.strip().partition("\n")
        if text.strip():
            counts = Counter(terms(f"{title} {heading} {text}"))
            sections.append(Section(source, heading, text.strip(), counts))
    return sections


def note_tools(folder: DataFolder) -> list[BaseTool]:
    """`search_notes` over the folder's notes; they are indexed again when a file changed."""
    indexed: tuple[Fingerprint, Index] | None = None

    async def search_notes(query: str, limit: int = 3) -> list[dict[str, Any]]:
        """Search the notes (policies, guides, minutes) and return the best sections."""
        nonlocal indexed
        files = folder.notes()
        mark = fingerprint(files)
        if indexed is None or indexed[0] != mark:
            read = (sections_of(file.name, file.read_text(encoding="utf-8")) for file in files)
            indexed = (mark, Index([section for sections in read for section in sections]))
        found = indexed[1].search(query, limit)
        return [
            {"source": s.source, "heading": s.heading, "text": s.text, "score": round(v, 2)} for v, s in found
        ]

    return [tool_of(search_notes)]
