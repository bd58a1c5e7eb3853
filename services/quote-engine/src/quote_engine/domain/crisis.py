"""Words of self-harm or of not wanting to live, direct and indirect.

A miss is worse than a false alarm, so denials ("I'm not suicidal") are noticed too; what only looks
alike ("배고파 죽겠다", "this deadline is killing me") is kept out by asking for the whole phrase.
Every message is read whole, in both languages. What these rules miss `reading` may still see.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

from quote_engine import words
from quote_engine.domain.language import normalise, pieces

LEARNED: Final = "learned"
"""The sign of a crisis that only the trained reader saw."""
MODEL: Final = "model"
"""The sign of one that only the chat model saw."""
CONFIRMED: Final = "confirmed"
"""The sign of one that was asked about, and the user said yes."""
MEANS: Final = "means at hand"
"""The sign of something to die by, named in a talk that has a crisis in it."""


@dataclass(frozen=True, slots=True)
class _Sign:
    name: str
    script: re.Pattern[str]
    pattern: re.Pattern[str]
    unless: re.Pattern[str] | None
    level: words.Level


@cache
def _signs() -> tuple[_Sign, ...]:
    """Compiled at the first message and not on import; what weighs most comes first."""
    found = []
    for sign in words.crisis().signs:
        text = "|".join(sign.patterns)
        found.append(
            _Sign(
                name=sign.sign,
                script=re.compile("[가-힣ㄱ-ㅎ]" if sign.language == "ko" else "[a-z]"),
                pattern=re.compile(text if sign.language == "ko" else rf"(?<![\w'])(?:{text})"),
                unless=re.compile("|".join(sign.unless)) if sign.unless else None,
                level=sign.level,
            )
        )
    return tuple(sorted(found, key=lambda sign: -sign.level))


@cache
def _harmless() -> re.Pattern[str]:
    return re.compile("|".join(words.crisis().harmless))


@cache
def _means() -> tuple[re.Pattern[str], re.Pattern[str]]:
    means = words.crisis().means
    return re.compile("|".join(means.patterns)), re.compile("|".join(means.unless))


@cache
def _levels() -> dict[str, words.Level]:
    levels: dict[str, words.Level] = {LEARNED: 2, MODEL: 2, CONFIRMED: 2, MEANS: 3}
    for sign in _signs():
        levels.setdefault(sign.name, sign.level)
    return levels


def level_of(sign: str) -> words.Level:
    """How grave a sign is; one that is no longer known counts as a wish to die."""
    return _levels().get(sign, 2)


def find_crisis(text: str) -> str | None:
    """The gravest sign of crisis in a message, such as ``wish to die``, or None."""
    found = [sign for piece in pieces(normalise(text)) if (sign := _find(piece)) is not None]
    return max(found, key=lambda sign: sign.level).name if found else None


def names_means(text: str) -> bool:
    """Whether a normalised text names something to die by; a sign only where there was another."""
    found, unless = _means()
    return any(found.search(piece) and not unless.search(piece) for piece in pieces(text))


def _find(piece: str) -> _Sign | None:
    # A task that someone wants to be done with is taken out, and everything else is still read.
    read = _harmless().sub("·", piece)
    for sign in _signs():
        if not (sign.script.search(read) and sign.pattern.search(read)):
            continue
        if sign.unless is None or not sign.unless.search(read):
            return sign
    return None
