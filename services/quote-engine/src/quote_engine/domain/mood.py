"""How the user feels and what about, by rules; the words are in `words`. Next: `reading`."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final, TypeVar

from contracts.events.quote import Category, Emotion, Language, Theme
from quote_engine import words
from quote_engine.domain import patterns
from quote_engine.domain.language import language_of, pieces

K = TypeVar("K")

_READ: Final = 4_000
"""Characters read at each end of a very long message: enough for its feeling, and bounded."""

_STRONG: Final = 1.3
_WEAK: Final = 0.7
_BEFORE_TURN: Final = 0.6
"""What stands before a "but" counts less than what follows it."""

_TURNED_JOY: Final = 0.9
_TURNED_PAIN: Final = 0.5
""""Not happy" is nearly sad; "not sad" is only half a joy."""
_SARCASM: Final = 1.0


@dataclass(frozen=True, slots=True)
class _Rules:
    emotions: tuple[tuple[Emotion, float, re.Pattern[str]], ...]
    circumstances: tuple[tuple[Emotion, float, re.Pattern[str]], ...]
    themes: tuple[tuple[Theme, float, re.Pattern[str]], ...]
    negated_before: re.Pattern[str]
    negated_after: re.Pattern[str] | None
    not_negated: re.Pattern[str] | None
    strong: re.Pattern[str]
    weak: re.Pattern[str]
    sarcasm: re.Pattern[str]
    turn: re.Pattern[str]


_WORDS_BEFORE: Final = r"(?: [\w']{1,20}){0,3} ?$"


@cache
def _rules(language: Language) -> _Rules:
    found, compiled = words.words(language), patterns.korean if language == "ko" else patterns.english
    negation = found.negation
    return _Rules(
        emotions=(
            *(
                (entry.emotion, entry.weight, patterns.symbols(entry.marks))
                for entry in words.marks().feelings
            ),
            *((entry.emotion, entry.weight, compiled(entry.phrases)) for entry in found.feelings),
        ),
        circumstances=tuple(
            (entry.emotion, entry.weight, compiled(entry.phrases)) for entry in found.circumstances
        ),
        themes=tuple((entry.theme, entry.weight, compiled(entry.phrases)) for entry in found.themes),
        negated_before=re.compile(
            rf"(?:^|[ ,.!?~])(?:{negation.before}) ?$"
            if language == "ko"
            else rf"(?<![\w']){negation.before}{_WORDS_BEFORE}"
        ),
        negated_after=re.compile(negation.after) if negation.after else None,
        not_negated=re.compile(rf"(?<![\w']){negation.seeming}{_WORDS_BEFORE}") if negation.seeming else None,
        strong=compiled(found.strong),
        weak=compiled(found.weak),
        sarcasm=compiled(found.sarcasm),
        turn=re.compile(found.turn),
    )


def feelings(text: str, language: Language) -> dict[Emotion, float]:
    """The weight of every feeling that the words of a text show.

    Args:
        text: as `language.normalise` leaves it.
        language: of a text that holds no letters.
    """
    totals: dict[Emotion, float] = defaultdict(float)
    # A mixed message is read by both sets of rules; letters of one mean nothing to the other.
    for piece in pieces(_ends(text), overlap=0):
        for tongue in _languages(piece, language):
            rules = _rules(tongue)
            told = [*_emotions(piece, rules), *_circumstances(piece, rules)]
            _add(totals, _taken_as_meant(told) if rules.sarcasm.search(piece) else told)
    return dict(totals)


def themes(text: str, language: Language) -> dict[Theme, float]:
    """The weight of every theme that a text, as `language.normalise` leaves it, is about."""
    totals: dict[Theme, float] = defaultdict(float)
    for piece in pieces(_ends(text), overlap=0):
        for tongue in _languages(piece, language):
            _add(totals, _themes(piece, _rules(tongue)))
    return dict(totals)


def _taken_as_meant(told: list[tuple[Emotion, float]]) -> list[tuple[Emotion, float]]:
    """What a sarcastic text feels: its praise is a complaint."""
    complaint: tuple[Emotion, float] = ("anger", _SARCASM)
    return [pair for pair in told if pair[0] != "joy"] or [complaint]


def category_for(emotion: Emotion, theme: Theme) -> Category:
    """The kind of quotation that helps: to go on, to begin, to get done, or to bear up."""
    if theme == "focus" and emotion in ("neutral", "discouragement", "anxiety", "exhaustion"):
        return "productivity"
    if emotion == "neutral":
        return "productivity" if theme in ("work", "study") else "hope"
    if emotion == "anxiety":
        return "resilience" if theme in ("work", "study", "money") else "hope"
    by_emotion: Mapping[Emotion, Category] = {
        "sadness": "hope",
        "loneliness": "hope",
        "joy": "motivation",
        "discouragement": "motivation",
        "anger": "resilience",
        "exhaustion": "resilience",
    }
    return by_emotion[emotion]


def _ends(text: str) -> str:
    return text if len(text) <= 2 * _READ else f"{text[:_READ]} {text[-_READ:]}"


_FOREIGN: Final[Mapping[Language, re.Pattern[str]]] = {
    "en": re.compile("[a-z]{3}"),
    "ko": re.compile("[가-힣]{2}"),
}


def _languages(text: str, otherwise: Language) -> tuple[Language, ...]:
    first = language_of(text, otherwise)
    second: Language = "en" if first == "ko" else "ko"
    return (first, second) if _FOREIGN[second].search(text) else (first,)


@dataclass(frozen=True, slots=True)
class _Hit:
    start: int
    end: int
    emotion: Emotion
    weight: float


def _emotions(text: str, rules: _Rules) -> Iterator[tuple[Emotion, float]]:
    last_turn = max((turn.start() for turn in rules.turn.finditer(text)), default=0)
    for hit in _distinct(
        _Hit(match.start(), match.end(), emotion, weight)
        for emotion, weight, pattern in rules.emotions
        for match in pattern.finditer(text)
    ):
        weight = hit.weight * (_BEFORE_TURN if hit.end <= last_turn else 1.0)
        around = text[max(0, hit.start - 24) : hit.start]
        if rules.strong.search(around):
            weight *= _STRONG
        elif rules.weak.search(around):
            weight *= _WEAK
        if not _negated(text, hit, rules):
            yield hit.emotion, weight
        elif hit.emotion == "joy":
            yield "sadness", weight * _TURNED_JOY
        else:
            yield "joy", weight * _TURNED_PAIN


def _circumstances(text: str, rules: _Rules) -> Iterator[tuple[Emotion, float]]:
    """What happened counts as it is told: "nobody called" is no negation of a call."""
    for emotion, weight, pattern in rules.circumstances:
        for _ in pattern.finditer(text):
            yield emotion, weight


def _distinct(hits: Iterator[_Hit]) -> list[_Hit]:
    """Of hits that overlap, the longest: "not good enough" is one phrase and not also "good"."""
    chosen: list[_Hit] = []
    taken: set[int] = set()
    for hit in sorted(hits, key=lambda h: (h.start - h.end, h.start)):
        span = range(hit.start, hit.end)
        if taken.isdisjoint(span):
            taken.update(span)
            chosen.append(hit)
    return sorted(chosen, key=lambda h: h.start)


def _negated(text: str, hit: _Hit, rules: _Rules) -> bool:
    before = text[max(0, hit.start - 40) : hit.start]
    if rules.negated_after and rules.negated_after.match(text, hit.end):
        return True
    if rules.not_negated and rules.not_negated.search(before):
        return False
    return bool(rules.negated_before.search(before))


def _themes(text: str, rules: _Rules) -> Iterator[tuple[Theme, float]]:
    for theme, weight, pattern in rules.themes:
        for _ in {match.group() for match in pattern.finditer(text)}:
            yield theme, weight


def _add(totals: dict[K, float], parts: Iterable[tuple[K, float]]) -> None:
    for key, weight in parts:
        totals[key] += weight
