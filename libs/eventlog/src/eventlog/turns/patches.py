"""Long texts told as what has changed since the one before: pure, linear, and exact to the character.

What is copied is found as in rsync: whole blocks of the old text are looked up at every place of the new one,
and grown as far as both agree.

Source: A. Tridgell, P. Mackerras, "The rsync algorithm", 1996.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from contracts.events import Part, StatesStreamed

BLOCK: Final = 32
PATIENCE: Final = 4096
"""After so many places without a match not every place is looked at any more."""
STRIDE: Final = 31
"""Without a common divisor with `BLOCK`, so that a long match is found all the same."""


def difference(old: str, new: str) -> tuple[Part, ...]:
    """What makes `new` of `old`: texts, and where to copy from as (start, length)."""
    head = _agreeing(old, new, 0, 0)
    tail = min(_agreeing(old[::-1], new[::-1], 0, 0), min(len(old), len(new)) - head)
    stop, end = len(old) - tail, len(new) - tail
    blocks = {old[at : at + BLOCK]: at for at in range(head, stop - BLOCK + 1, BLOCK)}
    parts: list[Part] = [(0, head)]
    told = at = head
    misses = 0
    while blocks and at + BLOCK <= end:
        found = blocks.get(new[at : at + BLOCK])
        if found is None:
            misses += 1
            at += 1 if misses <= PATIENCE else STRIDE
            continue
        misses = 0
        while at > told and found > 0 and old[found - 1] == new[at - 1]:
            found, at = found - 1, at - 1
        length = min(_agreeing(old, new, found, at), end - at)
        parts += [new[told:at], (found, length)]
        told = at = at + length
    parts += [new[told:end], (stop, tail)]
    return tuple(part for part in parts if (part if isinstance(part, str) else part[1]))


def patched(old: str, parts: Sequence[Part]) -> str:
    """The new text; see `difference`."""
    return "".join(part if isinstance(part, str) else old[part[0] : part[0] + part[1]] for part in parts)


def chain_of(event: str, data: str) -> str:
    """What tells which frames are like each other: the event without the ids of tasks in it."""
    name = "|".join(part.partition(":")[0] for part in event.split("|"))
    return f"{name} event" if data.startswith('{"type":"event",') else name


@dataclass(slots=True)
class Chains:
    """The newest text of each chain, as far as they are known. Pure."""

    texts: dict[str, str] = field(default_factory=dict)

    def knows(self, event: StatesStreamed) -> bool:
        """Whether an event can be read with what is known."""
        begun = set(self.texts)
        for frame in event.frames:
            if frame.chain not in begun and not all(isinstance(part, str) for part in frame.parts):
                return False
            begun.add(frame.chain)
        return True

    def read(self, event: StatesStreamed) -> Mapping[int, tuple[str, str]]:
        """The frames of an event by their numbers; chains that begin before what is known are left out."""
        read: dict[int, tuple[str, str]] = {}
        for frame in event.frames:
            if frame.chain not in self.texts and not all(isinstance(part, str) for part in frame.parts):
                continue
            text = self.texts[frame.chain] = patched(self.texts.get(frame.chain, ""), frame.parts)
            read[frame.number] = (frame.event, text)
        return read


def _agreeing(old: str, new: str, i: int, j: int) -> int:
    """How many characters agree from these places on; takes as long as that is."""
    most = min(len(old) - i, len(new) - j)
    length, step = 0, 64
    while (
        length + step <= most and old[i + length : i + length + step] == new[j + length : j + length + step]
    ):
        length, step = length + step, step * 2
    while step:
        if (
            length + step <= most
            and old[i + length : i + length + step] == new[j + length : j + length + step]
        ):
            length += step
        step //= 2
    return length
