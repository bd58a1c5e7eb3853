"""What one text says, by patterns in Korean and English: its kind, filters and details. Pure.

The patterns are in `phrases.yaml` and are RE2's, so that reading takes time in proportion to the text.
Read next: `request`, which reads a text in the light of the conversation.
"""

from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, get_args

import re2
import yaml

from agent_runner.agents.models.addresses import find_address
from agent_runner.agents.models.amounts import find_amount
from agent_runner.agents.models.drafting import letter_of, parties_of

Kind: TypeAlias = Literal[
    "greeting", "thanks", "help", "introduction", "ask_name", "recall", "contacts", "datasets", "analysis",
    "profit", "progress", "tasks", "report", "draft", "mail", "revise", "send", "delete", "documents", "read",
    "notes", "farewell", "beyond",
]  # fmt: skip
KINDS: Final = get_args(Kind)

DOCUMENT_ID: Final = re2.compile(r"doc-[0-9a-f]{12}")
NAME: Final = re2.compile(
    r"(?i)(?:my name is|i am called|call me)\s+([^\s,.!?]+(?:\s+(?-i:[A-Z])[^\s,.!?]+)?)"
    r"|(?:내|제) 이름은\s+([^\s.!?]+?)(?:이에요|예요|입니다|이야|야|(?:이?라고).*)?[\s.!?]*$"
    r"|저는\s+([^\s.!?]+?)(?:이라고|라고) 합니다"
)
_YEAR: Final = re2.compile(r"(?:19|20)\d\d")
_MONTH: Final = re2.compile(r"(?:^|[^\d])(1[0-2]|0?[1-9])월(?:[^별]|$)")
_TITLES: Final = ("씨", "님")
_WORD: Final = re2.compile(r"[\p{L}\p{N}]+(?:[-'][\p{L}\p{N}]+)*")
_KOREAN_OWNER: Final = re2.compile(
    r"([가-힣]{2,4}|[A-Z][a-z]+(?: [A-Z][a-z]+)?)(?:이|가|은|는|의|님|씨)\s?"
    r"(?:맡|담당|하고|하는|작업|업무|할)"
)
_OWNER: Final = re2.compile(
    r"(?i)\b(?:is|are|does|of|to|by|for|has)\s+((?-i:[A-Z])[a-z]+(?:\s+(?-i:[A-Z])[a-z]+)?|[가-힣]{2,4})"
    r"|((?-i:[A-Z])[a-z]+(?:\s+(?-i:[A-Z])[a-z]+)?)(?:'s| is| has)\b"
)
_QUESTION: Final = re2.compile(
    r"(?i)[?？]\s*$|(?:나요|까요|가요|은지|는지|어떻게|얼마|언제|어디|뭐야|뭐예요)|^(?:how|what|where|when|who|which|can|does|do|is|are)\b"
)


def kind_of(text: str) -> Kind:
    """What the text asks for; ``beyond`` where no pattern is found."""
    found: Kind
    for found, pattern in _kinds():
        if pattern.search(text):
            return found
    return "beyond"


def refines(text: str) -> bool:
    """Whether the text sounds like one that goes on from what was asked before."""
    return bool(_any("refines").search(text))


def is_question(text: str) -> bool:
    """Whether the text asks something, rather than for something to be done."""
    return bool(_QUESTION.search(text))


def filters_of(text: str) -> dict[str, str]:
    """Columns of the sample data to the values that the text names, in the data's own words."""
    found = {
        "region": _named("regions", text),
        "product": _named("products", text),
        "department": _named("departments", text),
        "category": _named("categories", text),
    }
    if found["category"] or _of("expenses").search(text):
        found["product"] = None
    elif "부서" not in text and found["department"] != "마케팅":
        found["department"] = None
    return {column: value for column, value in found.items() if value}


def details_of(text: str, kind: Kind) -> dict[str, str]:
    """What else is in the text: see `request.Request`."""
    years = list(dict.fromkeys(_YEAR.findall(text)))
    filters = filters_of(text)
    found: dict[str, str | None] = {
        "year": years[0] if years else None,
        "compared": years[1] if len(years) > 1 else "yes" if _of("compare").search(text) else None,
        "group": _first("groups", text),
        "extreme": _first("superlative", text),
        "average": "yes" if _of("average").search(text) else None,
        "months": _months(text),
        "amount": find_amount(text),
        "document": match[0] if (match := DOCUMENT_ID.search(text)) else None,
        "address": find_address(text),
        "subject": "expenses"
        if _of("expenses").search(text) or {"category", "department"} & filters.keys()
        else None,
        "measure": "units" if _of("units").search(text) else None,
    }
    match kind:
        case "contacts":
            found |= {"query": " ".join(_somebody(text)) or None, "columns": _columns(text)}
        case "draft":
            found |= {"template": "contract", **parties_of(text)}
        case "mail":
            found |= {"template": "email", **letter_of(text)}
        case "tasks":
            found |= {"status": _status(text), "owner": _owner(text)}
        case _:
            found |= {"columns": _columns(text)}
    return {name: value for name, value in found.items() if value}


def stem(word: str) -> str:
    """A Korean word without the particle at its end; any other without an English possessive."""
    if word.isascii():
        return word.removesuffix("'s")
    for particle in _data()["particles"]:
        least = len(particle) + (particle not in _TITLES)
        if word.endswith(particle) and len(word) > least:
            return word.removesuffix(particle)
    return word


def says_what_to_do(word: str) -> bool:
    """Whether a Korean word ends as verbs do."""
    return len(word) > 2 and not word.isascii() and word.endswith(tuple(_data()["predicates"]))


def words_of(text: str) -> list[str]:
    """The words of a text as they stand."""
    found: list[str] = _WORD.findall(text)
    return found


def _somebody(text: str) -> list[str]:
    """The words that tell whom a request for contacts is about."""
    nobody = frozenset(_data()["nobody"])
    named = []
    for word in words_of(text):
        core = stem(word)
        if says_what_to_do(word):
            continue
        if not {word.casefold(), core.casefold(), stem(core).casefold()} & nobody:
            named.append(core)
    return named


def _columns(text: str) -> str | None:
    return _first("columns", text)


def _status(text: str) -> str | None:
    if _of("unfinished").search(text):
        return "unfinished"
    return _first("statuses", text)


def _owner(text: str) -> str | None:
    if korean := _KOREAN_OWNER.search(text):
        return None if _named("products", korean[1]) else str(korean[1])
    found = _OWNER.search(text)
    return str(found[1] or found[2]) if found else None


def _months(text: str) -> str | None:
    """Months as ``03`` or ``04,05,06``, or ``last`` for the newest that the data has."""
    if _of("last_month").search(text):
        return "last"
    for group, length in (("quarters", 3), ("halves", 6)):
        if part := _first(group, text):
            first = length * (int(part) - 1) + 1
            return ",".join(f"{month:02}" for month in range(first, first + length))
    if found := _MONTH.search(text):
        return f"{int(found[1]):02}"
    return _first("months", text, words=True)


def _named(group: str, text: str) -> str | None:
    for value, pattern in _patterns(group):
        if value in text or pattern.search(text):
            return value
    return None


def _first(group: str, text: str, *, words: bool = False) -> str | None:
    return next((name for name, pattern in _patterns(group, words=words) if pattern.search(text)), None)


@cache
def _kinds() -> tuple[tuple[Kind, Any], ...]:
    return tuple((kind, re2.compile(f"(?i){'|'.join(p)}")) for kind, p in _data()["kinds"].items())


@cache
def _patterns(group: str, *, words: bool = True) -> tuple[tuple[str, Any], ...]:
    whole = {"regions", "products", "departments", "categories", "months"}
    edge = r"\b" if group in whole else ""
    return tuple(
        (name, re2.compile(f"(?i){edge}(?:{pattern}){edge}" if pattern.isascii() else f"(?i)(?:{pattern})"))
        for name, pattern in _data()[group].items()
    )


@cache
def _of(name: str) -> Any:
    return re2.compile(f"(?i){_data()[name]}")


@cache
def _any(name: str) -> Any:
    return re2.compile(f"(?i){'|'.join(_data()[name])}")


@cache
def _data() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
    return loaded
