"""The short things that people say to a voice, and what they mean: stop, go on, slower, yes, seven. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Final

from voice_bridge.domain.language import composed


class Remark(StrEnum):
    """What a short utterance asks for."""

    STOP = "stop"
    GO_ON = "go on"
    REPEAT = "repeat"
    SLOWER = "slower"
    FASTER = "faster"
    LOUDER = "louder"
    QUIETER = "quieter"
    YES = "yes"
    NO = "no"
    THANKS = "thanks"
    GOODBYE = "goodbye"


_LONGEST: Final = 48
"""Characters; whoever says more means more."""


@dataclass(frozen=True, slots=True)
class _Words:
    """What ``data/remarks.json`` says, both languages together."""

    meanings: Mapping[str, Remark]
    backchannels: frozenset[str]
    polite: frozenset[str]
    numbers: Mapping[str, int]


@cache
def _words() -> _Words:
    data = json.loads((files("voice_bridge") / "data" / "remarks.json").read_text("utf-8"))
    return _Words(
        meanings={said: Remark(name) for name, all_said in data["remarks"].items() for said in all_said},
        backchannels=frozenset(data["backchannels"]),
        polite=frozenset(data["polite"]),
        numbers={**data["numbers"], **data["ordinals"]},
    )


@dataclass(frozen=True, slots=True)
class Number:
    """A number that was said alone."""

    value: int


def understood(text: str) -> Remark | Number | None:
    """What a short utterance means by itself; None for anything that only the agent can answer."""
    words = plain(text)
    if not words or len(words) > _LONGEST:
        return None
    known = _words()
    if (meaning := known.meanings.get(words)) is not None:
        return meaning
    parts = words.split()
    while parts and parts[-1] in known.polite:
        parts.pop()
    while parts and parts[0] in known.polite:
        parts.pop(0)
    return known.meanings.get(" ".join(parts)) or _number(parts, known.numbers)


def is_backchannel(text: str) -> bool:
    """Whether it only says that one is listening: ``mm-hmm``, ``네``; also what was not understood at all."""
    words = plain(text)
    known = _words().backchannels
    return not words or words in known or all(part in known for part in words.split())


def plain(text: str) -> str:
    """The words in NFC and lower case, without punctuation."""
    kept = (
        character if character.isalnum() or character in "'-" else " "
        for character in composed(text).casefold()
    )
    return " ".join("".join(kept).split())


def _number(parts: list[str], known: Mapping[str, int]) -> Number | None:
    parts = [part for part in parts if part not in ("number", "the", "one", "번", "번째")] or parts
    if len(parts) == 1:
        word = parts[0].removesuffix("번째").removesuffix("번")
        if word.isdecimal() and len(word) <= 9:
            return Number(int(word))
        found = known.get(word)
        return None if found is None else Number(found)
    tens_and_units = 2
    if len(parts) == tens_and_units and all(part in known for part in parts):
        tens, unit = (known[part] for part in parts)
        if tens >= 20 and 0 < unit < 10:
            return Number(tens + unit)
    return None
