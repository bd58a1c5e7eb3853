"""Numbers, money, dates, addresses and signs as people read them aloud, in Korean and English. Pure.

What a voice reads well by itself, plain cardinals above all, is left in digits. Every pattern is linear: it
has no two neighbouring parts that match the same characters.
"""

import re
from collections.abc import Callable
from typing import Final

from voice_bridge.domain.language import Language

_LONGEST_READ: Final = 2000
"""Characters that are looked at; no sentence is longer."""
_EMAIL: Final = re.compile(r"(?<![\w.+-])([A-Za-z0-9][\w.+-]{0,63})@([A-Za-z0-9][A-Za-z0-9.-]{0,99})")
_URL: Final = re.compile(r"(?:https?://|www\.)[^\s<>()\[\]]{1,500}")
_PHONE: Final = re.compile(r"(?<![\w.-])(\+?\d{1,4}(?:[-.]\d{1,5}){2,4}|\+\d{1,4}(?: \d{1,5}){2,4})(?![\w-])")
_SHORTEST_PHONE: Final = 7
_ISO_DATE: Final = re.compile(r"(?<![\d-])(\d{4})-(\d{2})(?:-(\d{2}))?(?![\d-])")
_TIME: Final = re.compile(r"(?<![\d:])([01]?\d|2[0-3]):([0-5]\d)(?![\d:])")
_NUMBER: Final = r"\d{1,3}(?:,\d{3}){1,6}(?:\.\d{1,6})?|\d{1,15}(?:\.\d{1,6})?"
_MONEY: Final = re.compile(rf"([$€£₩])\s?({_NUMBER})(?:\s?[~–-]\s?[$€£₩]?({_NUMBER}))?")
_RANGE: Final = re.compile(rf"(?<![\w.-])({_NUMBER})\s?[~–]\s?({_NUMBER})(?![\w-])")
_PERCENT: Final = re.compile(rf"({_NUMBER})\s?%")
_GROUPED: Final = re.compile(r"(?<![\d,.])\d{1,3}(?:,\d{3}){1,6}(?:\.\d{1,6})?(?![\d,])")
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_DIGITS: Final = {
    "en": ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"],
    "ko": ["공", "일", "이", "삼", "사", "오", "육", "칠", "팔", "구"],
}
_MONEY_UNITS: Final = {
    "en": {"$": "dollars", "€": "euros", "£": "pounds", "₩": "won"},
    "ko": {"$": "달러", "€": "유로", "£": "파운드", "₩": "원"},
}
_SIGNS: Final[dict[Language, tuple[tuple[str, str], ...]]] = {
    "en": (
        (" >= ", " is at least "), (" <= ", " is at most "), (" ≥ ", " is at least "),
        (" ≤ ", " is at most "), (" != ", " is not "), (" > ", " is greater than "),
        (" < ", " is less than "), (" = ", " equals "), (" + ", " plus "), (" × ", " times "),
        (" * ", " times "), (" ÷ ", " divided by "), (" & ", " and "), ("°C", " degrees Celsius"),
        ("→", " to "),
    ),
    "ko": (
        (" >= ", " 크거나 같다 "), (" <= ", " 작거나 같다 "), (" ≥ ", " 크거나 같다 "),
        (" ≤ ", " 작거나 같다 "), (" != ", " 같지 않다 "), (" > ", " 크다 "), (" < ", " 작다 "),
        (" = ", " 는 "), (" + ", " 더하기 "), (" × ", " 곱하기 "), (" * ", " 곱하기 "),
        (" ÷ ", " 나누기 "), (" & ", " 그리고 "), ("°C", "도"), ("→", " 에서 "),
    ),
}  # fmt: skip
_ADDRESS_SIGNS: Final[dict[Language, dict[str, str]]] = {
    "en": {".": " dot ", "-": " dash ", "_": " underscore ", "+": " plus ", "@": " at "},
    "ko": {".": " 점 ", "-": " 하이픈 ", "_": " 밑줄 ", "+": " 플러스 ", "@": " 골뱅이 "},
}
_BIG: Final = ((1e12, " trillion"), (1e9, " billion"), (1e6, " million"))
_EXACT: Final = 10_000
"""Below it numbers are told as they are."""


def as_read(text: str, language: Language) -> str:
    """The text with everything that is not words spelled as it is read."""
    text = text[:_LONGEST_READ]
    steps: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
        (_EMAIL, lambda found: _address(found.group(), language)),
        (_URL, lambda _: {"en": "the link", "ko": "링크"}[language]),
        (_ISO_DATE, lambda found: _date(found, language)),
        (_TIME, lambda found: _time(found, language)),
        (_PHONE, lambda found: _phone(found, language)),
        (_MONEY, lambda found: _money(found, language)),
        (_RANGE, lambda found: _range(found[1], found[2], language)),
        (_PERCENT, lambda found: f"{_plain(found[1])} " + {"en": "percent", "ko": "퍼센트"}[language]),
        (_GROUPED, lambda found: _plain(found.group())),
    )
    for pattern, read in steps:
        text = pattern.sub(read, text)
    for sign, words in _SIGNS[language]:
        text = text.replace(sign, words)
    return " ".join(text.split())


def rounded(value: float, language: Language) -> str:
    """A large number as it is told: ``about 7.1 billion``, ``약 71억``; what is short is exact."""
    size = abs(value)
    if size < _EXACT:
        return f"{value:.1f}".removesuffix(".0")
    sign = "-" if value < 0 else ""
    if language == "ko":
        return f"약 {sign}{_korean(size)}"
    unit, name = next((each for each in _BIG if size >= each[0]), (1.0, ""))
    share = float(f"{size / unit:.2g}")
    return (
        f"about {sign}{share:.1f}{name}".replace(".0", "")
        if share < 10
        else f"about {sign}{int(share)}{name}"
    )


def _korean(size: float) -> str:
    """Two digits that count, in the units 조, 억 and 만: ``71억``, ``6억 9천만``, ``1700만``."""
    size = float(f"{size:.2g}")
    for unit, name, thousand in ((1e12, "조", "천억"), (1e8, "억", "천만"), (1e4, "만", "")):
        if size >= unit:
            whole, rest = divmod(size, unit)
            thousands = round(rest / unit * 10) if whole < 10 and thousand else 0
            return f"{int(whole)}{name}" + (f" {thousands}{thousand}" if thousands else "")
    return str(int(size))


def _plain(number: str) -> str:
    return number.replace(",", "")


def _address(address: str, language: Language) -> str:
    signs = _ADDRESS_SIGNS[language]
    tail = "." if address.endswith(".") else ""
    spelled = "".join(signs.get(character, character) for character in address.removesuffix("."))
    return spelled + tail


def _phone(found: re.Match[str], language: Language) -> str:
    if sum(map(str.isdecimal, found[1])) < _SHORTEST_PHONE:
        return found.group()
    digits = _DIGITS[language]
    groups = re.split(r"[-. ]", found[1].lstrip("+"))
    spelled = ", ".join(" ".join(digits[int(digit)] for digit in group) for group in groups)
    plus = {"en": "plus ", "ko": "플러스 "}[language] if found[1].startswith("+") else ""
    return plus + spelled


def _date(found: re.Match[str], language: Language) -> str:
    year, month, day = found[1], int(found[2]), int(found[3] or 0)
    if not 1 <= month <= len(_MONTHS) or day > 31:
        return found.group()
    if language == "ko":
        return f"{year}년 {month}월" + (f" {day}일" if day else "")
    return f"{_MONTHS[month - 1]} {day}, {year}" if day else f"{_MONTHS[month - 1]} {year}"


def _time(found: re.Match[str], language: Language) -> str:
    hour, minute = int(found[1]), int(found[2])
    if language == "ko":
        return f"{hour}시" + (f" {minute}분" if minute else "")
    if not minute:
        return f"{hour} o'clock"
    return f"{hour} {minute}" if minute > 9 else f"{hour} oh {minute}"


def _money(found: re.Match[str], language: Language) -> str:
    unit = _MONEY_UNITS[language][found[1]]
    amount = _range(found[2], found[3], language) if found[3] else _plain(found[2])
    if language == "en" and amount == "1":
        unit = unit.removesuffix("s")
    return f"{amount}{unit}" if language == "ko" else f"{amount} {unit}"


def _range(first: str, last: str, language: Language) -> str:
    between = {"en": " to ", "ko": "에서 "}[language]
    return f"{_plain(first)}{between}{_plain(last)}"
