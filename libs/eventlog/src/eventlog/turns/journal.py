"""What a run writes: queued without waiting, committed in order, what belongs together as one.

The conversation's sequence is the fence: when somebody else has appended, the journal reads what it
was and either goes on behind it or stops for good.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from contracts.envelope import Envelope, Recorded
from contracts.events import CancelRequested, ConversationDeleted, Event, RunEvent
from eventlog.appending import MAX_BATCH
from eventlog.author import Author
from eventlog.ports import Conflict, Log, LogError, Unavailable

ATTEMPTS: Final = 100
GATHERED: Final = 10
"""From so many on, what waits is committed as one batch, which costs about as much as ten single appends."""


class Superseded(Exception):
    """Another runner has the run now, or the conversation is gone: nothing more may be written."""


class Cancelled(Exception):
    """A person asked for the run to stop.

    Attributes:
        rollback: whether the turn shall leave no trace in the state.
    """

    def __init__(self, *, rollback: bool) -> None:
        super().__init__("cancelled on request")
        self.rollback = rollback


class Journal:
    """The only writer of one attempt at a run."""

    def __init__(
        self,
        log: Log,
        author: Author,
        work: Recorded,
        *,
        tail: int,
        committed: Callable[[Sequence[Recorded]], None],
    ) -> None:
        """`committed` is told of everything in the conversation once it is in the log."""
        self._log = log
        self._author = author
        self._work = work
        self._committed = committed
        self._queue: deque[tuple[Envelope, ...]] = deque()
        self._sent: tuple[Envelope, ...] = ()
        """The events whose append was begun: a task that is cancelled leaves it stored or not, so it is
        appended again as it was, by which the log knows it."""
        self._added = asyncio.Event()
        self._failure: Exception | None = None
        self._committing = asyncio.Lock()
        self.tail = tail

    def add(self, *events: Event) -> None:
        """Queue events; they commit together, in this order."""
        envelopes = tuple(
            self._author.envelope(
                self._work.conversation,
                event,
                correlation_id=self._work.correlation_id or self._work.id,
                causation_id=self._work.id,
            )
            for event in events
        )
        if envelopes:
            self._queue.append(envelopes)
            self._added.set()

    def discard(self) -> None:
        """Forget what is queued and not committed, and why it was not."""
        self._queue.clear()
        self._failure = None

    async def commit_as_added(self) -> None:
        """Commit whenever there is something, until cancelled.

        Raises:
            Superseded: if the run is somebody else's now.
            Cancelled: if a person asked for it to stop.
        """
        while True:
            await self._added.wait()
            if self._failure:
                raise self._failure
            self._added.clear()
            await self.flush()

    async def flush(self) -> None:
        """Commit everything queued so far. Raises as `commit_as_added`.

        A failure ends the run, whoever asked for the flush: a node's own handler cannot swallow it.
        """
        async with self._committing:
            if isinstance(self._failure, Superseded):
                raise self._failure  # whoever waited here meanwhile must not write behind the new tail
            try:
                while self._sent or self._queue:
                    self._sent = self._sent or self._next()
                    recorded = await self._append(self._sent)
                    self.tail = recorded[-1].sequence
                    self._sent = ()
                    self._committed(recorded)
            except (Superseded, Cancelled, LogError) as failure:
                if not isinstance(failure, LogError):  # refused for certain, so it may be discarded
                    self._queue.appendleft(self._sent)
                    self._sent = ()
                self._failure = failure
                self._added.set()
                raise

    def _next(self) -> tuple[Envelope, ...]:
        """What is to be committed next."""
        events = self._queue.popleft()
        if len(self._queue) + 1 >= GATHERED:
            while self._queue and len(events) + len(self._queue[0]) <= MAX_BATCH:
                events += self._queue.popleft()
        return events

    async def _append(self, batch: Sequence[Envelope]) -> tuple[Recorded, ...]:
        for _ in range(ATTEMPTS):
            try:
                return await self._log.append(batch, expected=self.tail)
            except Conflict:
                async for event in self._log.read(self._work.conversation, after=self.tail):
                    self.tail = event.sequence
                    self._committed([event])
                    self._check(event)
        raise Unavailable(f"conversation {self._work.conversation!r} is too busy")

    def _check(self, foreign: Recorded) -> None:
        match foreign.event:
            case ConversationDeleted():
                raise Superseded("the conversation was deleted")
            case RunEvent(attempt=attempt):
                raise Superseded(f"attempt {attempt} has written {foreign.event.type}")
            case CancelRequested(run_id=run_id, rollback=rollback) if run_id == self._work.id:
                raise Cancelled(rollback=rollback)
            case _:
                pass
