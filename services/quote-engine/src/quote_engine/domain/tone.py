"""What a reply and a quotation answer to beside the feeling: a loss, shame, a birthday, boredom, nonsense."""

import re
from collections.abc import Mapping
from functools import cache
from itertools import islice
from typing import Final, TypeAlias, get_args

from contracts.events.quote import Emotion, Language
from quote_engine import words
from quote_engine.domain import patterns
from quote_engine.domain.language import has_words, pieces

Tone: TypeAlias = words.Tone | Emotion
"""A feeling, or what is told of beside it; ``nonsense`` is no key of any list."""
NONSENSE: Final = "nonsense"
PAINFUL: Final = frozenset({"grief", "breakup", "illness"})
"""Nobody is glad of these, unless they say so."""
LIGHT: Final = frozenset({"boredom", "machine"})
"""With these a crisis that no rule knows is not taken for certain."""

_PIECES: Final = 12
_HURT: Final[tuple[Emotion, ...]] = ("sadness", "loneliness", "discouragement", "neutral", "anger", "anxiety")
_ONLY_WITH: Final[Mapping[words.Tone, tuple[Emotion, ...]]] = {
    "grief": (*_HURT, "exhaustion"),
    "breakup": _HURT,
    "shame": ("sadness", "discouragement", "anxiety", "neutral"),
    "failure": ("sadness", "discouragement", "neutral"),
    "illness": ("sadness", "anxiety", "exhaustion", "neutral", "discouragement"),
    "birthday": ("joy", "neutral"),
    "boredom": ("neutral", "joy"),
    "insult": ("anger", "neutral", "discouragement"),
    "machine": get_args(Emotion),
    "thanks": ("joy", "neutral"),
}
"""A tone counts with these feelings only: a birthday that everybody forgot is no feast."""

_MASH: Final = re.compile(r"(?:[bcdfghjklmnpqrstvwxz]{5}|asdf|qwer|zxcv|hjkl|sdfg|[ㄱ-ㅎ]{4}|[ㅏ-ㅣ]{4})")
_LAUGHTER: Final = re.compile(r"ㅋㅋ|ㅎㅎ|(?<!\w)(?:lol|lmao|ha(?:ha){1,9})(?!\w)|😂|🤣")
_LAUGH: Final = re.compile("[ㅋㅎㅠㅜㅇ]{2}")
_WORDY: Final = re.compile("[가-힣]{2}|[a-z]{2}")


@cache
def _tones(language: Language) -> tuple[tuple[words.Tone, re.Pattern[str]], ...]:
    compiled = patterns.korean if language == "ko" else patterns.english
    return tuple((tone, compiled(phrases)) for tone, phrases in words.words(language).tones.items())


@cache
def _answers(language: Language) -> tuple[tuple[words.Answer, re.Pattern[str]], ...]:
    compiled = patterns.korean if language == "ko" else patterns.english
    return tuple((answer, compiled(phrases)) for answer, phrases in words.words(language).answers.items())


@cache
def _topics(language: Language) -> re.Pattern[str]:
    compiled = patterns.korean if language == "ko" else patterns.english
    return compiled(sorted(words.words(language).topics, key=len, reverse=True))


def tones(text: str) -> frozenset[str]:
    """What is told of in a normalised text, in any language, and `NONSENSE` if it tells nothing."""
    found: set[str] = set()
    for piece in islice(pieces(text), _PIECES):
        for language in ("ko", "en"):
            found.update(tone for tone, pattern in _tones(language) if pattern.search(piece))
    if not found and _is_nonsense(text[:400]):
        found.add(NONSENSE)
    return frozenset(found)


def answers(text: str) -> frozenset[words.Answer]:
    """What a normalised text may answer to the question whether there is a crisis."""
    piece = next(pieces(text), "")
    return frozenset(
        answer
        for language in ("ko", "en")
        for answer, pattern in _answers(language)
        if (pattern.search if answer == "fine" else pattern.match)(piece)
    )


def tone_of(found: frozenset[str], emotion: Emotion) -> str:
    """What a reply answers to, of all that was found; the feeling itself if nothing else fits it."""
    for tone, feelings in _ONLY_WITH.items():
        if tone in found and emotion in feelings:
            return tone
    return NONSENSE if NONSENSE in found and emotion == "neutral" else emotion


def laughs(text: str) -> bool:
    """Whether somebody laughs in a normalised text."""
    return any(_LAUGHTER.search(piece) for piece in islice(pieces(text), _PIECES))


def topic_of(text: str, language: Language) -> str | None:
    """A name for what a normalised text is about, such as ``회사`` or ``your dog``, if it has one."""
    for piece in islice(pieces(text), _PIECES):
        if match := _topics(language).search(piece):
            return words.words(language).topics[match.group()]
    return None


def _is_nonsense(text: str) -> bool:
    if not has_words(text):
        return bool(text) and not _LAUGH.search(text) and any(mark.isalnum() for mark in text)
    letters = [word for word in text.split() if _WORDY.search(word)]
    return bool(letters) and all(_MASH.search(word) for word in letters)
