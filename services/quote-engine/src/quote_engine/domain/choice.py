"""Which quotation fits a talk: the same for the same talk, and none that was given before."""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from contracts.events.quote import Candidate, Emotion, Language, Mood, Theme
from quote_engine.domain.quotation import Quotation, Situation
from quote_engine.domain.tone import tone_of

_CATEGORY: Final = 1.5
_EMOTION: Final = 3.0
_OTHER_EMOTION: Final = 1.0
_THEME: Final = 2.0
_GENERAL_THEME: Final = 0.5
_SPREAD: Final = 1.0
"""Conversations in the same mood differ by up to this much, so that they get different quotations."""

_KEPT: Final = 5

_BY_EMOTION: Final[Mapping[Emotion, Situation]] = {
    "sadness": "sadness",
    "anxiety": "worry",
    "anger": "anger",
    "exhaustion": "exhaustion",
    "loneliness": "loneliness",
    "discouragement": "failure",
    "joy": "joy",
    "neutral": "calm",
}
_BY_TONE: Final[Mapping[str, Situation]] = {
    "grief": "grief",
    "breakup": "breakup",
    "shame": "shame",
    "failure": "failure",
    "illness": "illness",
    "birthday": "joy",
    "boredom": "boredom",
}


class NoQuotationError(LookupError):
    """The collection has no quotation that may be given."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A quotation and what else was considered, best first."""

    quotation: Quotation
    candidates: tuple[Candidate, ...]


def choose(
    quotations: Sequence[Quotation],
    mood: Mood,
    language: Language,
    *,
    situation: Situation,
    seed: str,
    given: Collection[str],
    recent: Collection[str],
) -> Choice:
    """Choose a quotation.

    Args:
        situation: what the user is in. What suits it comes first, then what does not hurt in it.
        seed: what varies the choice from conversation to conversation, stable over restarts.
        given: ids this conversation has had; never chosen while the collection has any other.
        recent: ids of the user's last ten; avoided likewise, after `given`.

    Raises:
        NoQuotationError: if nothing in the collection is usable.
    """
    usable = [quotation for quotation in quotations if quotation.usable]
    spoken = [quotation for quotation in usable if quotation.language == language]
    suiting = [quotation for quotation in spoken if situation in quotation.suits]
    harmless = [quotation for quotation in spoken if situation not in quotation.hurts]
    pool = _first_not_empty(
        _without(suiting, {*given, *recent}),
        _without(harmless, {*given, *recent}),
        _without(harmless, given),
        _without(spoken, given),
        _without(usable, given),
        usable,
    )
    scored = sorted(
        ((_score(quotation, mood) + _spread(seed, quotation.id), quotation) for quotation in pool),
        key=lambda pair: (-pair[0], pair[1].id),
    )
    return Choice(
        quotation=scored[0][1],
        candidates=tuple(
            Candidate(quote_id=quotation.id, score=round(score, 3)) for score, quotation in scored[:_KEPT]
        ),
    )


def situation_of(emotion: Emotion, theme: Theme, tones: frozenset[str], *, fragile: bool) -> Situation:
    """What the user is in, by the feeling, the theme and the tones of the whole talk.

    Args:
        fragile: the user is, or may be, in a crisis.
    """
    if fragile:
        return "crisis"
    if theme == "focus" and emotion in ("neutral", "discouragement", "exhaustion", "anxiety"):
        return "focus"
    if theme == "loss" and emotion in ("sadness", "loneliness"):
        return "grief"
    return _BY_TONE.get(tone_of(tones, emotion), _BY_EMOTION[emotion])


def _first_not_empty(*pools: list[Quotation]) -> list[Quotation]:
    for pool in pools:
        if pool:
            return pool
    raise NoQuotationError("the collection has no usable quotation")


def _without(quotations: Iterable[Quotation], ids: Collection[str]) -> list[Quotation]:
    return [quotation for quotation in quotations if quotation.id not in ids]


def _score(quotation: Quotation, mood: Mood) -> float:
    score = _CATEGORY * (quotation.category == mood.category)
    if mood.emotion in quotation.emotions:
        score += _EMOTION
    whole = sum(mood.emotions.values())
    score += _OTHER_EMOTION * sum(
        weight / whole for emotion, weight in mood.emotions.items() if emotion in quotation.emotions
    )
    if mood.theme in quotation.themes:
        score += _THEME
    elif "general" in quotation.themes:
        score += _GENERAL_THEME
    return score


def _spread(seed: str, quotation_id: str) -> float:
    digest = hashlib.blake2s(f"{seed}\n{quotation_id}".encode(), digest_size=4).digest()
    return _SPREAD * int.from_bytes(digest, "big") / 2**32
