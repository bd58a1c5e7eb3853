"""How the user feels and what about, by rules, over the whole talk. The words are in `lexicon`."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, TypeVar

from contracts.events.quote import Category, Emotion, Language, Mood, Theme
from quote_engine.domain import patterns
from quote_engine.domain.language import language_of, normalise
from quote_engine.domain.lexicon import emoji, english, korean

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
    turn: re.Pattern[str]


@cache
def _rules(language: Language) -> _Rules:
    marks: list[tuple[Emotion, float, re.Pattern[str]]] = [
        (emotion, weight, patterns.symbols(words)) for emotion, weight, words in emoji.EMOTIONS
    ]
    if language == "ko":
        before = "|".join(patterns.phrases(korean.NEGATION_BEFORE))
        return _Rules(
            emotions=(*marks, *((e, w, patterns.korean(words)) for e, w, words in korean.EMOTIONS)),
            circumstances=tuple((e, w, patterns.korean(words)) for e, w, words in korean.CIRCUMSTANCES),
            themes=tuple((t, w, patterns.korean(words)) for t, w, words in korean.THEMES),
            negated_before=re.compile(rf"(?:^|[\s,.!?~])(?:{before})\s*$"),
            negated_after=re.compile(korean.NEGATION_AFTER),
            not_negated=None,
            strong=patterns.korean(korean.STRONG),
            weak=patterns.korean(korean.WEAK),
            turn=re.compile(korean.TURN),
        )
    return _Rules(
        emotions=(*marks, *((e, w, patterns.english(words)) for e, w, words in english.EMOTIONS)),
        circumstances=tuple((e, w, patterns.english(words)) for e, w, words in english.CIRCUMSTANCES),
        themes=tuple((t, w, patterns.english(words)) for t, w, words in english.THEMES),
        negated_before=re.compile(rf"(?<![\w']){english.NEGATION}(?:\s+[\w']+){{0,3}}\s*$"),
        negated_after=None,
        not_negated=re.compile(rf"(?<![\w']){english.NO_NEGATION}(?:\s+[\w']+){{0,3}}\s*$"),
        strong=patterns.english(english.STRONG),
        weak=patterns.english(english.WEAK),
        turn=re.compile(english.TURN),
    )


def read_mood(messages: Sequence[str], language: Language) -> Mood:
    """The mood of a talk.

    Args:
        messages: what the user said, in order.
        language: of messages that hold no letters.
    """
    emotions: dict[Emotion, float] = defaultdict(float)
    themes: dict[Theme, float] = defaultdict(float)
    for message in messages:
        read = _ends(normalise(message))
        # A mixed message is read by both sets of rules; letters of one mean nothing to the other.
        for tongue in _languages(read, language):
            _add(emotions, _emotions(read, _rules(tongue)))
            _add(emotions, _circumstances(read, _rules(tongue)))
            _add(themes, _themes(read, _rules(tongue)))
    return decide(emotions, themes)


def decide(emotions: Mapping[Emotion, float], themes: Mapping[Theme, float]) -> Mood:
    """The strongest emotion and theme and the category that fits them; the first found wins a draw."""
    emotion: Emotion = max(emotions, key=lambda e: emotions[e], default="neutral")
    theme: Theme = max(themes, key=lambda t: themes[t], default="general")
    return Mood(
        emotion=emotion,
        theme=theme,
        category=category_for(emotion, theme),
        emotions={e: round(weight, 3) for e, weight in emotions.items()},
        themes={t: round(weight, 3) for t, weight in themes.items()},
    )


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


def _languages(text: str, otherwise: Language) -> tuple[Language, ...]:
    first = language_of(text, otherwise)
    second: Language = "en" if first == "ko" else "ko"
    foreign = r"[a-z]{3}" if second == "en" else r"[가-힣]{2}"
    return (first, second) if re.search(foreign, text) else (first,)


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


def _add(totals: dict[K, float], parts: Iterator[tuple[K, float]]) -> None:
    for key, weight in parts:
        totals[key] += weight
