"""Whether people say yes: in the questions that graphs ask, and in what is answered. Pure.

Only a text in which every word says yes is a yes, so whatever is not known is neither. The words are in
`consent.yaml`. Linear in a bounded text.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeAlias

import re2
import yaml

LONGEST: Final = 500
"""Characters of an answer that are read; a longer one is neither a yes nor a no."""
_ASKED: Final = 200
"""Characters of the end of a question that are read."""
_WORDS: Final = re2.compile(r"[a-z0-9]+(?:['-][a-z0-9]+)*|[\p{Hangul}]+|[^\sa-z0-9\p{Hangul}]+")
_HANGUL: Final = re2.compile(r"\p{Hangul}")
_TRAILING_OFF: Final = ("..", "…", "?", "？")

Phrase: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Lexicon:
    """The phrases of both languages, English ones as words and Korean ones as characters."""

    yes: frozenset[Phrase]
    beside: frozenset[Phrase]
    no: frozenset[Phrase]
    doubt: frozenset[Phrase]
    interjections: frozenset[Phrase]
    weary: frozenset[Phrase]
    agreeing: str
    plain: str


def verdict(answer: str, tool: str = "") -> bool | None:
    """Whether an answer means yes or no; None where it says something else or leaves a doubt.

    Args:
        tool: what would be called, whose own words agree as well: "send it".
    """
    if len(answer) > LONGEST:
        return None
    text, units, lexicon = _read(answer, tool)
    if _is_yes(text, units, lexicon):
        return True
    if _is_question(text) or _holds(units, lexicon.doubt) or not _holds(units, lexicon.no):
        return None
    return None if _begins(units, lexicon.interjections) else False


def is_open(answer: str, tool: str = "") -> bool:
    """Whether somebody who understands more than words may still find a yes in an answer: there is no
    question, doubt or refusal in it."""
    if len(answer) > LONGEST:
        return False
    text, units, lexicon = _read(answer, tool)
    return bool(units) and not (
        _is_question(text) or _holds(units, lexicon.doubt) or _holds(units, lexicon.no)
    )


def asks_yes_or_no(question: str) -> bool:
    """Whether the wording plainly asks for a yes or a no, rather than for a text or a choice."""
    words_of: dict[str, Any] = _data()["question"]
    text = question[-_ASKED:].casefold().replace("\n", ". ").rstrip(" .?!？")
    last = text.rsplit(". ", 1)[-1].rsplit("? ", 1)[-1]
    spaced = "".join(" " if sign in '.,!?;:~·…"“”()[]？！。、\ufe0f' else sign for sign in last)
    words = spaced.replace("’", "'").split()
    if not words or not set(words_of["open"].split()).isdisjoint(words):
        return False
    if any(sign in last for sign in words_of["approval"]):
        return True
    if not set(words_of["choice"]).isdisjoint(words):
        return False
    return words[0] in words_of["asking"].split() or words[-1].endswith(tuple(words_of["asking_ends"]))


def _read(answer: str, tool: str) -> tuple[str, list[Phrase], _Lexicon]:
    text = unicodedata.normalize("NFC", answer).strip().replace("’", "'").casefold()
    return text, _units(text), _lexicon(tool)


def _is_question(text: str) -> bool:
    return text.endswith(("?", "？"))


def _begins(units: Sequence[Phrase], phrases: frozenset[Phrase]) -> bool:
    return bool(units) and any(units[0][: len(phrase)] == phrase for phrase in phrases)


def _is_yes(text: str, units: Sequence[Phrase], lexicon: _Lexicon) -> bool:
    """Whether every word and sign agrees, and at least one says yes."""
    if any(sign in text for sign in _TRAILING_OFF) or _holds(units, lexicon.weary):
        return False
    agreed = False
    for unit in units:
        if _is_sign(unit):
            signs = [sign for sign in unit if sign not in lexicon.plain and sign not in "\ufe0f🏻🏼🏽🏾🏿"]
            if any(sign not in lexicon.agreeing for sign in signs):
                return False
            agreed = agreed or bool(signs)
        elif (says_yes := _covered(unit, lexicon)) is None:
            return False
        else:
            agreed = agreed or says_yes
    return agreed


def _covered(unit: Phrase, lexicon: _Lexicon) -> bool | None:
    """Whether the unit, cut into phrases, says yes; None where a phrase is not known."""
    says_yes, position = False, 0
    while position < len(unit):
        for end in range(min(len(unit), position + _longest(lexicon)), position, -1):
            phrase = unit[position:end]
            if phrase in lexicon.yes or phrase in lexicon.beside:
                says_yes = says_yes or phrase in lexicon.yes
                position = end
                break
        else:
            return None
    return says_yes


def _holds(units: Sequence[Phrase], phrases: frozenset[Phrase]) -> bool:
    longest = max(map(len, phrases), default=0)
    return any(
        unit[start:end] in phrases
        for unit in units
        for start in range(len(unit))
        for end in range(start + 1, min(len(unit), start + longest) + 1)
    )


def _units(text: str) -> list[Phrase]:
    """The text's runs: English words, Korean syllables without the spaces between them, and other signs."""
    units: list[tuple[str, list[str]]] = []
    for word in _WORDS.findall(text):
        kind = "ko" if _HANGUL.match(word) else "en" if word[0].isascii() and word[0].isalnum() else "sign"
        parts = [word] if kind == "en" else list(word)
        if units and units[-1][0] == kind:
            units[-1][1].extend(parts)
        elif kind == "sign" and units and set(word) <= set(",.!~"):
            continue  # what is between two phrases of one language
        else:
            units.append((kind, parts))
    return [tuple(parts) for _, parts in units]


def _is_sign(unit: Phrase) -> bool:
    return not (unit[0][0].isalnum() or _HANGUL.match(unit[0]))


@cache
def _longest(lexicon: _Lexicon) -> int:
    return max(map(len, lexicon.yes | lexicon.beside))


@cache
def _lexicon(tool: str) -> _Lexicon:
    """The words that count for a step that calls `tool`."""
    data = _data()
    english, korean = data["en"], data["ko"]
    objects = english["objects"]
    done = english["actions"].get(tool, ())
    actions = [f"{verb} {thing}" for verb in done for thing in objects]
    stems = (*korean["verbs"], *korean["actions"].get(tool, ()))
    forms = (*korean["forms"].get(tool, ()), *korean["actions"].get(tool, ()))
    forms = (*forms, *(stem + ending for stem in stems for ending in korean["endings"]))
    return _Lexicon(
        yes=_phrases((*english["agrees"], *done, *actions), (*korean["agrees"], *forms)),
        beside=_phrases(english["beside"], (*korean["beside"], *korean["objects"])),
        no=_phrases(english["refuses"], korean["refuses"]),
        doubt=_phrases(english["doubts"], korean["doubts"]),
        interjections=_phrases(english["interjections"], korean["interjections"]),
        weary=_phrases(english["weary"], korean["weary"]),
        agreeing=data["agreeing"],
        plain=data["plain"],
    )


def _phrases(english: Iterable[str], korean: Iterable[str]) -> frozenset[Phrase]:
    return frozenset([tuple(phrase.split()) for phrase in english] + [tuple(phrase) for phrase in korean])


@cache
def _data() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
    return loaded
