"""Years as they are spoken, written in digits."""

from collections.abc import Sequence
from typing import Final

_UNITS: Final = (
    "oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS: Final = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_CENTURIES: Final = {"nineteen": 1900, "twenty": 2000}


def with_years(words: Sequence[str]) -> list[str]:
    """The words, with years such as ``twenty twenty three`` in digits."""
    written: list[str] = []
    position = 0
    while position < len(words):
        year, length = _year(words[position : position + 3])
        written.append(str(year) if year else words[position])
        position += length or 1
    return written


def _year(words: Sequence[str]) -> tuple[int, int]:
    """The year that the words begin with and how many of them it takes; zeros for none."""
    if len(words) < 2 or words[0] not in _CENTURIES:
        return 0, 0
    century, second = _CENTURIES[words[0]], words[1]
    unit = _UNITS.index(words[2]) if words[2:] and words[2] in _UNITS[1:10] else 0
    length = 3 if unit else 2
    if second in _TENS:
        return century + 10 * (_TENS.index(second) + 2) + unit, length
    if second == "oh" and unit:
        return century + unit, length
    return (century + _UNITS.index(second), 2) if second in _UNITS[10:] else (0, 0)
