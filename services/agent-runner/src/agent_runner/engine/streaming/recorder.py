"""Where frames go: to whoever listens at once, and into the log some at a time, on no token's way."""

import asyncio
from typing import Any, Final

from agent_runner.engine.deltas import Deltas
from agent_runner.engine.streaming.shown import Shown
from contracts.events import Event, PatchedFrame, RunStreamed, StatesStreamed
from contracts.live import FRAME
from eventlog.ports import Log
from eventlog.turns.journal import Journal
from eventlog.turns.patches import Chains, chain_of, difference

LIVE_CHARACTERS: Final = 200_000
"""A longer frame goes by the log alone, at once: a message of NATS has its limit."""
RECORD_CHARACTERS: Final = 100_000
RECORD_SECONDS: Final = 0.5
LONG_CHARACTERS: Final = 1_000
"""From here on a frame is recorded as what is new in it."""


class Recorder:
    """Numbers the frames of one attempt from 1 on; 0 is its beginning."""

    def __init__(self, journal: Journal, deltas: Deltas, facts: dict[str, Any], shown: Shown) -> None:
        """`facts` is what all events of the run carry; `shown` is told of what is committed."""
        self._journal = journal
        self._deltas = deltas
        self._facts = facts
        self._committed = shown
        self._shown = shown
        self._next = 1
        self._short: list[tuple[int, str, str]] = []
        self._long: list[PatchedFrame] = []
        self._characters = 0
        self._timer: asyncio.TimerHandle | None = None

    async def begin(self, log: Log, conversation: str, begins: int) -> None:
        """Learn what was shown before, in the life of the conversation that began there."""
        await self._committed.load(log, conversation, begins)
        self._shown = self._committed.ahead()
        self._begin_anew_if_cheaper()

    def show(self, event: str, data: str) -> None:
        """Send the next frame; it is recorded soon."""
        large = len(data) > LIVE_CHARACTERS
        if not large:
            self._deltas.send(FRAME, [self._next, event, data])
        if len(data) > LONG_CHARACTERS:
            self._patch(event, data)
        else:
            self._short.append((self._next, event, data))
            self._characters += len(data)
        self._next += 1
        if large or self._characters > RECORD_CHARACTERS:
            self._record()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(RECORD_SECONDS, self._record)

    def _patch(self, event: str, data: str) -> None:
        chain, texts = chain_of(event, data), self._shown.chains.texts
        if not texts:
            self._shown.base, self._shown.told = self._journal.tail + 1, 0
        parts = difference(texts.get(chain, ""), data)
        texts[chain] = data
        said = sum(map(len, parts))
        self._shown.told += said
        self._characters += said
        self._long.append(PatchedFrame(number=self._next, event=event, chain=chain, parts=parts))

    def take(self) -> tuple[Event, ...]:
        """What is not recorded yet, to be committed with whatever comes next."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        taken: list[Event] = []
        if self._short:
            numbers, first = tuple(number for number, *_ in self._short), self._short[0][0]
            follow = numbers[-1] - first == len(numbers) - 1
            frames = tuple((event, data) for _, event, data in self._short)
            taken.append(
                RunStreamed(**self._facts, first=first, frames=frames, numbers=() if follow else numbers)
            )
        if self._long:
            taken.append(StatesStreamed(**self._facts, base=self._shown.base, frames=tuple(self._long)))
        self._short, self._long, self._characters = [], [], 0
        self._begin_anew_if_cheaper()
        return tuple(taken)

    def _begin_anew_if_cheaper(self) -> None:
        if self._shown.is_long_winded:
            self._shown.chains = Chains()

    def _record(self) -> None:
        self._journal.add(*self.take())

    @property
    def next(self) -> int:
        """The number of the next frame."""
        return self._next
