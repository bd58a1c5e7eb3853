"""The notation of the word lists, as regular expressions. Next: `words`, then `mood`.

In Korean a space is optional, because people set it as they like, and a phrase may stand inside a word.
English phrases are whole words. In both, ``*`` is the rest of a word, ``..`` is a gap of up to four words,
and ``(a|b)`` is a choice. No expression has a part without a bound, so a search takes time in proportion
to the text; all of them are over text as `language.normalise` leaves it.
"""

import re
from collections.abc import Iterable
from typing import Final

_NOTATION: Final = re.compile(r" ?\.\. ?|[ *()|?]|[^ *()|?.]+|\.")
_KOREAN_GAP: Final = r"[^.!?\n]{0,16}?"
_ENGLISH_GAP: Final = r"(?:[ ,]{1,2}[\w']{1,20}){0,4}?[ ,]{1,2}"


def korean(phrases: Iterable[str]) -> re.Pattern[str]:
    """One expression for a list of Korean phrases."""
    return re.compile("|".join(_expression(p, " ?", "[가-힣]{0,12}", _KOREAN_GAP) for p in phrases))


def english(phrases: Iterable[str]) -> re.Pattern[str]:
    """One expression for a list of English phrases."""
    words = "|".join(_expression(p, " ", r"\w{0,20}", _ENGLISH_GAP) for p in phrases)
    return re.compile(rf"(?<![\w'])(?:{words})(?!\w)")


def symbols(marks: Iterable[str]) -> re.Pattern[str]:
    """One expression for a list of emoji and other marks without letters."""
    return re.compile("|".join(re.escape(mark) for mark in marks))


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
