"""Where frames go: to whoever listens at once, and into the log some at a time, on no token's way."""

import asyncio
from typing import Any, Final

from agent_runner.engine.deltas import Deltas
from contracts.events import RunStreamed
from contracts.live import FRAME
from eventlog.turns.journal import Journal

LIVE_CHARACTERS: Final = 200_000
"""A longer frame goes by the log alone, at once: a message of NATS has its limit."""
RECORD_CHARACTERS: Final = 100_000
RECORD_SECONDS: Final = 0.5


class Recorder:
    """Numbers the frames of one attempt from 1 on; 0 is its beginning."""

    def __init__(self, journal: Journal, deltas: Deltas, facts: dict[str, Any]) -> None:
        """`facts` is what all events of the run carry."""
        self._journal = journal
        self._deltas = deltas
        self._facts = facts
        self._next = 1
        self._waiting: list[tuple[str, str]] = []
        self._characters = 0
        self._timer: asyncio.TimerHandle | None = None

    def show(self, event: str, data: str) -> None:
        """Send the next frame; it is recorded soon."""
        large = len(data) > LIVE_CHARACTERS
        if not large:
            self._deltas.send(FRAME, [self._next, event, data])
        self._next += 1
        self._waiting.append((event, data))
        self._characters += len(data)
        if large or self._characters > RECORD_CHARACTERS:
            self._record()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(RECORD_SECONDS, self._record)

    def take(self) -> tuple[RunStreamed, ...]:
        """What is not recorded yet, to be committed with whatever comes next."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        frames, self._waiting, self._characters = tuple(self._waiting), [], 0
        return (RunStreamed(**self._facts, first=self._next - len(frames), frames=frames),) if frames else ()

    def _record(self) -> None:
        self._journal.add(*self.take())

    @property
    def next(self) -> int:
        """The number of the next frame."""
        return self._next
