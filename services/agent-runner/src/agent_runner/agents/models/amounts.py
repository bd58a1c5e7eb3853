"""Amounts of money in Korean and English text, in one plain form. Pure."""

from dataclasses import dataclass
from typing import Any, Final

import re2

LONGEST: Final = 2_000
"""Characters that are read."""
_DIGITS: Final = {character: value for value, character in enumerate("일이삼사오육칠팔구", 1)}
_SMALL: Final = {"십": 10, "백": 100, "천": 1_000}
_LARGE: Final = {"만": 10**4, "억": 10**8, "조": 10**12}
_NUMBER: Final = r"(?:\d[\d,]{0,20}(?:\.\d{1,9})?|[일이삼사오육칠팔구])"
_AMOUNT: Final = re2.compile(
    rf"(?P<ko>(?:{_NUMBER}?\s?[십백천만억조]\s?)+(?:\d[\d,]{{0,20}}\s?)?|\d[\d,]{{0,20}}(?:\.\d{{1,9}})?\s?)원"
    r"|(?i:(?P<sign>[$€£₩]|\b(?:usd|eur|gbp|krw)\s?)\s?(?P<before>\d[\d,]{0,20}(?:\.\d{1,9})?)"
    r"(?:\s?(?P<scale>million|thousand|[mk])\b)?"
    r"|(?P<after>\d[\d,]{0,20}(?:\.\d{1,9})?)(?:\s?(?P<scale2>million|thousand|[mk]))?"
    r"\s?(?P<word>dollars?|euros?|pounds?|won|usd|eur|gbp|krw)\b)"
)
_PART: Final = re2.compile(rf"{_NUMBER}|[십백천만억조]")
_SCALE: Final = {"": 1, "k": 1_000, "thousand": 1_000, "m": 10**6, "million": 10**6}
_SIGN: Final = {"do": "$", "us": "$", "eu": "€", "po": "£", "gb": "£", "wo": "₩", "kr": "₩"}


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount as ``10,000,000원``, ``$5,000`` or ``₩3,000,000``, and where it stands in the text."""

    text: str
    start: int
    end: int


def find_amounts(text: str) -> list[Amount]:
    """Every amount in the first `LONGEST` characters, in order."""
    return [Amount(_plain(m), m.start(), m.end()) for m in _AMOUNT.finditer(text[:LONGEST])]


def find_amount(text: str) -> str | None:
    """The first amount, or None."""
    found = _AMOUNT.search(text[:LONGEST])
    return _plain(found) if found else None


def _plain(found: Any) -> str:
    if korean := found["ko"]:
        return f"{round(_korean(korean)):,}원"
    currency = (found["sign"] or found["word"]).strip().casefold()
    value = _value(found["before"] or found["after"])
    value *= _SCALE[(found["scale"] or found["scale2"] or "").casefold()]
    return f"{_SIGN.get(currency[:2], currency)}{f'{value:,.2f}'.removesuffix('.00')}"


def _korean(text: str) -> float:
    """The value of digits, numerals and units, such as 1억 2천만 or 오백만."""
    total = section = 0.0
    number: float | None = None
    for part in _PART.findall(text):
        if part in _LARGE:
            total += (section + (number or 0) or 1) * _LARGE[part]
            section, number = 0.0, None
        elif part in _SMALL:
            section += (1 if number is None else number) * _SMALL[part]
            number = None
        else:
            number = _DIGITS[part] if part in _DIGITS else _value(part)
    return total + section + (number or 0)


def _value(number: str) -> float:
    return float(number.replace(",", "").rstrip("."))
