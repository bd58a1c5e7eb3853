"""When to look for what is due: at its time, when an event says that there is more, and now and then."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from contracts.events import ENDS, RunScheduled, WebhookAnswered
from contracts.queries import Errands
from eventlog.broker import Broker
from eventlog.notices import notice

BOUND_SECONDS: Final = 60.0
"""How long nobody looks, where nothing tells of anything; an event that tells may be missed."""
_TELL: Final = (f"{RunScheduled.type}.*", f"{WebhookAnswered.type}.*")


@dataclass(slots=True)
class Alarm:
    """Rings for whoever does what is due.

    The end of a run rings only where it is awaited. Which ends are is known from the answer that tells what
    is due, so what ends while that answer is on its way is kept until it is here.
    """

    _rung: asyncio.Event = field(default_factory=asyncio.Event)
    _awaited: frozenset[str] = frozenset()
    _ended: set[str] | None = None

    async def listen(self, broker: Broker) -> None:
        """Ring for events from now on, and whenever some may have been missed."""
        for pattern in _TELL:
            await notice(broker, pattern, lambda _: self.ring())
        for end in ENDS:
            await notice(broker, end.type, self.end)
        broker.interruptions.listen(self.ring)

    def ring(self) -> None:
        """Let it be looked at once."""
        self._rung.set()

    def ask(self) -> None:
        """It is about to be asked what is due; what rings from now on may not be in the answer."""
        self._rung.clear()
        self._ended = set()

    def know(self, answer: Errands) -> None:
        """Whose ends are awaited."""
        self._awaited = frozenset(answer.awaited)
        missed, self._ended = self._ended or set(), None
        self.end(*missed)

    def end(self, *conversations: str) -> None:
        """A run has ended in each of these conversations."""
        if self._ended is not None:
            self._ended.update(conversations)
        if self._awaited.intersection(conversations):
            self.ring()

    async def wait(self, seconds: float = BOUND_SECONDS) -> None:
        """Until it rings, or until the time is over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(min(seconds, BOUND_SECONDS)):
                await self._rung.wait()
