"""Whether an answer gives consent: an explicit yes, a refusal, a recognised change, or none of them. Pure.

Only a text in which every word says yes is a yes, so whatever is not known is asked again. The words are
in `consent.yaml`; `changes` recognises a change.
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import re2
import yaml

from agent_runner.agents.graphs.changes import Change, change_of, plain_request

LONGEST: Final = 500
"""Characters of an answer that are read; a longer one is never a yes."""
_WORDS: Final = re2.compile(r"[a-z0-9]+(?:['-][a-z0-9]+)*|[\p{Hangul}]+|[^\sa-z0-9\p{Hangul}]+")
_HANGUL: Final = re2.compile(r"\p{Hangul}")
_TRAILING_OFF: Final = ("..", "…", "?", "？")

Verdict: TypeAlias = Literal["yes", "no", "change", "unclear"]
Phrase: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """What an answer says.

    Attributes:
        change: the step's new arguments; only with ``change``.
        open: whether somebody who understands more than words may still find a yes in it: there is
            no question, doubt or refusal in it.
    """

    verdict: Verdict
    change: Change | None = None
    open: bool = False


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


def read(answer: Any, step: Mapping[str, Any]) -> Reading:
    """What a person's answer to the question about `step` says; it may be any JSON.

    A step is a plan's: its ``tool`` and ``arguments`` count.
    """
    if isinstance(answer, bool):
        return Reading("yes" if answer else "no")
    if not isinstance(answer, str) or len(answer) > LONGEST:
        return Reading("unclear")
    answer = unicodedata.normalize("NFC", answer).strip()
    text = answer.replace("’", "'").casefold()
    lexicon = _lexicon(str(step["tool"]))
    units = _units(text)
    if _is_yes(text, units, lexicon):
        return Reading("yes")
    request = plain_request(answer)
    asked = _units(request.casefold())
    guarded = _is_question(request) or _holds(asked, lexicon.doubt) or _holds(asked, lexicon.no)
    if not guarded and (change := change_of(request, step)):
        return Reading("change", replace(change, exact=change.exact and request == answer))
    if _is_question(text) or _holds(units, lexicon.doubt):
        return Reading("unclear")
    if _holds(units, lexicon.no):
        return Reading("unclear" if _begins(units, lexicon.interjections) else "no")
    return Reading("unclear", open=bool(units))


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
