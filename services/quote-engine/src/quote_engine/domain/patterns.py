"""The notation of the word lists, as regular expressions. Next: `lexicon`, then `mood`.

Phrases are separated by commas or line ends. In Korean a space is optional, because people set
it as they like, and a phrase may stand inside a word. English phrases are whole words. In both,
``*`` is the rest of a word, ``..`` is a gap of up to four words, and ``(a|b)`` is a choice.
"""

import re
from collections.abc import Iterator
from typing import Final

_SPLIT: Final = re.compile(r"[,\n]")
_NOTATION: Final = re.compile(r" ?\.\. ?|[ *()|?]|[^ *()|?.]+|\.")
_KOREAN_GAP: Final = r"[^.!?\n]{0,16}?"
_ENGLISH_GAP: Final = r"(?:[\s,]+[\w']+){0,4}?[\s,]+"


def phrases(notation: str) -> Iterator[str]:
    """The phrases of a word list."""
    return (phrase for part in _SPLIT.split(notation) if (phrase := part.strip()))


def korean(notation: str) -> re.Pattern[str]:
    """One expression for a list of Korean phrases."""
    return re.compile("|".join(_expression(p, r"\s*", "[가-힣]*", _KOREAN_GAP) for p in phrases(notation)))


def english(notation: str) -> re.Pattern[str]:
    """One expression for a list of English phrases."""
    words = "|".join(_expression(p, r"\s+", r"\w*", _ENGLISH_GAP) for p in phrases(notation))
    return re.compile(rf"(?<![\w'])(?:{words})(?!\w)")


def symbols(notation: str) -> re.Pattern[str]:
    """One expression for a list of emoji and other marks without letters."""
    return re.compile("|".join(re.escape(mark) for mark in notation.split()))


def _expression(phrase: str, space: str, rest: str, gap: str) -> str:
    parts = []
    for part in _NOTATION.findall(phrase):
        if part.strip() == "..":
            parts.append(gap)
        elif part == " ":
            parts.append(space)
        elif part == "*":
            parts.append(rest)
        elif part in "()|?":
            parts.append("(?:" if part == "(" else part)
        else:
            parts.append(re.escape(part))
    return "".join(parts)
