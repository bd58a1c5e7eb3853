"""Years as they are spoken, written in digits."""

from collections.abc import Sequence
from typing import Final

_UNITS: Final = {
    word: number
    for number, word in enumerate(
        [
            "oh",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ]
    )
}
_TENS: Final = {
    word: 10 * number
    for number, word in enumerate(
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], start=2
    )
}
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
    century, second, rest = _CENTURIES[words[0]], words[1], words[2:]
    third = _UNITS.get(rest[0], 0) if rest else 0
    if second in _TENS:
        return (century + _TENS[second] + third, 3) if 0 < third < 10 else (century + _TENS[second], 2)
    if second == "oh":
        return (century + third, 3) if 0 < third < 10 else (0, 0)
    return (century + _UNITS[second], 2) if _UNITS.get(second, 0) >= 10 else (0, 0)
