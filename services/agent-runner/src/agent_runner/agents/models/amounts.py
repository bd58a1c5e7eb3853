"""Amounts of money in Korean and English text, in one plain form. Pure."""

import re
from typing import Final

_UNITS: Final = {
    "억": 10**8,
    "천만": 10**7,
    "백만": 10**6,
    "십만": 10**5,
    "만": 10**4,
    "천": 10**3,
    "백": 100,
}
_KOREAN = re.compile(
    r"((?:\d[\d,.]{0,20}\s?(?:억|천만|백만|십만|만|천|백)\s?)+(?:\d[\d,.]{0,20}\s?)?|\d[\d,.]{0,20}\s?)원"
)
_PART = re.compile(r"(\d[\d,]*(?:\.\d+)?)\s?(억|천만|백만|십만|만|천|백)?")
_ENGLISH = re.compile(
    r"([$€£₩]|\b(?:usd|eur|krw)\s?)\s?(\d[\d,]{0,20}(?:\.\d+)?)\s?(million|thousand|[mk])?\b"
    r"|(\d[\d,]{0,20}(?:\.\d{1,9})?)\s?(million|thousand|[mk])?\s?(dollars?|euros?|pounds?|won|usd|eur|krw)\b",
    re.IGNORECASE,
)
_SCALE: Final = {"": 1, "k": 1000, "thousand": 1000, "m": 10**6, "million": 10**6}
_SIGN: Final = {"do": "$", "us": "$", "eu": "€", "po": "£", "wo": "₩", "kr": "₩"}


def find_amount(text: str) -> str | None:
    """The first amount as ``10,000,000원``, ``$5,000`` or ``₩3,000,000``; None where there is none."""
    if korean := _KOREAN.search(text):
        parts = _PART.findall(korean[1])
        return f"{round(sum(_value(number) * _UNITS.get(unit, 1) for number, unit in parts)):,}원"
    if english := _ENGLISH.search(text):
        sign, before, scale, after, after_scale, word = english.groups()
        currency = (sign or word).strip().lower()
        value = _value(before or after) * _SCALE[(scale or after_scale or "").lower()]
        shown = f"{value:,.2f}".removesuffix(".00")
        return f"{_SIGN.get(currency[:2], currency)}{shown}"
    return None


def _value(number: str) -> float:
    return float(number.replace(",", "").rstrip("."))
