"""How far a reply minds a crisis, by the whole talk: nothing, a gentle question, helplines.

The rules are sure, the trained reader guesses: unless it is very sure, the reply asks, and the answer tells.
A guess counts less in a talk that is glad or light, and more in the answer to a question. It is taken back
when the user says that all is well; what the rules or a chat model saw, or the user confirmed, is not.
Next: `dialogue`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from quote_engine.domain.crisis import CONFIRMED, LEARNED
from quote_engine.domain.reading import CRISIS, DOUBT, SECOND, Reading, mood_of
from quote_engine.domain.tone import LIGHT


@dataclass(frozen=True, slots=True)
class _Bar:
    """From which probabilities on the trained reader leads to a question, and to helplines."""

    question: float
    helplines: float


_USUAL: Final = _Bar(DOUBT, CRISIS)
_CHEERFUL: Final = _Bar(0.6, 0.9)
"""For a talk that has been glad or idle so far, for one whose user said that all is well, and for words that
show joy or no feeling."""
_IDLE: Final = _Bar(0.9, 1.1)
"""For words of boredom, and the question who answers: never helplines by a guess."""
_ASKED: Final = _Bar(DOUBT, SECOND)
"""For the answer to a question."""

_SHORT: Final = 30
"""A yes is no answer to the question if it is part of a longer story, in characters."""


@dataclass(frozen=True, slots=True)
class Care:
    """What the next reply has to mind.

    Attributes:
        sign: of a crisis; helplines are due.
        asking: the reply asks gently.
    """

    sign: str | None
    asking: bool


def care_for(
    now: Reading, earlier: Sequence[Reading] = (), *, guessed: bool = False, helped: bool = False
) -> Care:
    """What the reply to a message has to mind.

    Args:
        earlier: the messages of the talk before it.
        guessed: the talk has had helplines by a guess alone.
        helped: the last reply had helplines, and so it was not the gentle question.
    """
    if now.sign is not None:
        return Care(now.sign, asking=False)
    asked = not helped and bool(earlier)
    asked = asked and earlier[-1].doubt >= _bar(earlier[-1], earlier[:-1]).question
    calmed = ((asked or guessed) and _fine(now)) or (asked and _denies(now))
    if asked and not calmed and _short(now, "yes"):
        return Care(CONFIRMED, asking=False)
    bar = _CHEERFUL if calmed else _ASKED if asked else _bar(now, earlier)
    return Care(LEARNED if now.doubt >= bar.helplines else None, asking=now.doubt >= bar.question)


def took_back(later: Sequence[Reading]) -> bool:
    """Whether the messages after helplines say that the guess was wrong."""
    return any(map(_fine, later))


def _fine(reading: Reading) -> bool:
    return "fine" in reading.answers and reading.doubt < SECOND


def _denies(reading: Reading) -> bool:
    """A no, and nothing in what else is said that brings the doubt back."""
    return _short(reading, "no") or ("no" in reading.answers and reading.doubt < DOUBT)


def _short(reading: Reading, answer: str) -> bool:
    return answer in reading.answers and len(reading.text) <= _SHORT


def _bar(now: Reading, earlier: Sequence[Reading]) -> _Bar:
    if now.tones & LIGHT:
        return _IDLE
    denied = any(_fine(reading) for reading in earlier) or any(
        doubted.doubt >= DOUBT and _denies(after) for doubted, after in pairwise(earlier)
    )
    light = mood_of(earlier).emotion == "joy" or any(reading.tones & LIGHT for reading in earlier)
    light = light and all(reading.doubt < DOUBT for reading in earlier)
    return _CHEERFUL if denied or light or now.plain else _USUAL
