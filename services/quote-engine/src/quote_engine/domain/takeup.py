"""What the user said, short enough to be said back. Next: `phrases`."""

import re
import unicodedata
from typing import Final

from contracts.events.quote import Language
from quote_engine.domain.language import has_words
from quote_engine.domain.mood import read_mood

LONGEST: Final = 60
"""Characters of a message that are said back; of a longer one only its heart."""

_READ: Final = 4_000
_CLAUSES: Final = re.compile(r"(?<=[.!?。…~])\s+|\n+|(?<=[,;])\s+")
_EDGES: Final = " \t.,!?~…。、:;\"'“”‘’"
_GREETING: Final = re.compile(
    r"^(?:안녕(?:하세요|하십니까|하세여|하심꺼|요)?|하이|헬로|ㅎㅇ|반가워요?|반갑습니다"
    r"|hello|hi|hey|hiya|good (?:morning|evening|afternoon))"
    r"(?:\s+there)?[\W_]*$",
    re.IGNORECASE,
)


def take_up(text: str, language: Language) -> str | None:
    """The words to say back, or None for a message without words or a mere greeting.

    A message of up to `LONGEST` characters is said back whole; of a longer one the clause with
    the most feeling in it, cut at a word.
    """
    plain = " ".join(_printable(text[:_READ]).split())
    if not has_words(plain) or _GREETING.match(plain):
        return None
    if len(plain) <= LONGEST:
        return plain.strip(_EDGES) or None
    clauses = [clause for part in _CLAUSES.split(plain) if has_words(clause := part.strip(_EDGES))]
    return _cut(max(clauses, key=lambda clause: _feeling(clause, language)))


def _feeling(clause: str, language: Language) -> float:
    return sum(read_mood([clause], language).emotions.values())


def _cut(clause: str) -> str:
    if len(clause) <= LONGEST:
        return clause
    head = clause[: LONGEST - 1]
    return (head.rsplit(" ", 1)[0] or head).rstrip(_EDGES) + "…"


def _printable(text: str) -> str:
    return "".join(" " if unicodedata.category(mark) in ("Cc", "Zl", "Zp") else mark for mark in text)
