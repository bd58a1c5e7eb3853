"""What a run writes: queued without waiting, committed in order, what belongs together as one.

The conversation's sequence is the fence: when somebody else has appended, the journal reads what it
was and either goes on behind it or stops for good.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from contracts.envelope import Envelope, Recorded
from contracts.events import ENDS, CancelRequested, ConversationDeleted, Event, RunEvent
from eventlog.appending import MAX_BATCH
from eventlog.author import Author
from eventlog.ports import Conflict, Log, LogError, TooLarge, Unavailable

ATTEMPTS: Final = 100
GATHERED: Final = 10
"""From so many on, what waits is committed as one batch, which costs about as much as ten single appends."""


class Superseded(Exception):
    """Another runner has the run now, or the conversation is gone: nothing more may be written."""


class ConversationGone(Superseded):
    """The conversation was deleted."""


class Cancelled(Exception):
    """A person asked for the run to stop.

    Attributes:
        rollback: whether the turn shall leave no trace in the state.
    """

    def __init__(self, *, rollback: bool) -> None:
        super().__init__("cancelled on request")
        self.rollback = rollback


class Journal:
    """The only writer of one attempt at a run.

    Attributes:
        tail: the conversation's last sequence as far as it is known.
        cancelled: a person has asked for the run to stop, and whoever drives it knows: it is not told again.
        refused: what was too large for the log.
    """

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
        self.cancelled = False
        self.refused: tuple[Event, ...] = ()

    def knows(self, event: Recorded) -> bool:
        """Whether an event of the conversation is no news: read before, or written here, by who still may."""
        if isinstance(self._failure, Superseded):
            return False
        return event.sequence <= self.tail or any(each.id == event.id for each in self._sent)

    def add(self, *events: Event) -> None:
        """Queue events; they commit together, in this order. Behind an end there is nothing more."""
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

    def resume(self) -> None:
        """Let an end be written although something was too large: whoever calls knows that it is lost."""
        self._failure = None

    async def end(self, *events: Event) -> None:
        """Commit the run's last events, in place of another end that could not be committed.

        An end that may be stored already stands, and these events are dropped. Raises as `commit_as_added`.
        """
        self._queue = deque(batch for batch in self._queue if not _is_end(batch))
        self.add(*events)
        await self.flush()

    async def commit_as_added(self) -> None:
        """Commit whenever there is something, until cancelled.

        Raises:
            Superseded: if the run is somebody else's now.
            Cancelled: if a person asked for it to stop.
            TooLarge: if an event is: it and all that was queued is dropped, and nothing more is written
                before `resume`.
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
            with self._failing():
                await self._commit()

    async def look(self) -> None:
        """Commit, and read what others have appended meanwhile. Raises as `commit_as_added`."""
        async with self._committing:
            with self._failing():
                await self._commit()
                await self._catch_up()

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """What is raised within ends the run; who waited meanwhile must not write behind the new tail."""
        if isinstance(self._failure, Superseded | TooLarge):
            raise self._failure
        try:
            yield
        except (Superseded, Cancelled, LogError) as failure:
            if self._sent and not isinstance(failure, LogError):  # refused for certain, so it may be dropped
                self._queue.appendleft(self._sent)
                self._sent = ()
            self._failure = failure
            self._added.set()
            raise

    async def _commit(self) -> None:
        while self._sent or self._queue:
            self._sent = self._sent or self._next()
            try:
                recorded = await self._append(self._sent)
            except TooLarge:  # nothing of it is in the log, and what follows may stand on it
                self.refused, self._sent = tuple(each.event for each in self._sent), ()
                self._queue.clear()
                raise
            self.tail = recorded[-1].sequence
            if _is_end(self._sent):
                self._queue.clear()
            self._sent = ()
            self._committed(recorded)

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
                await self._catch_up()
        raise Unavailable(f"conversation {self._work.conversation!r} is too busy")

    async def _catch_up(self) -> None:
        async for event in self._log.read(self._work.conversation, after=self.tail):
            self.tail = event.sequence
            self._committed([event])
            self._check(event)

    def _check(self, foreign: Recorded) -> None:
        match foreign.event:
            case ConversationDeleted():
                raise ConversationGone("the conversation was deleted")
            case RunEvent(attempt=attempt):
                raise Superseded(f"attempt {attempt} has written {foreign.event.type}")
            case CancelRequested(run_id=run_id, rollback=rollback) if run_id == self._work.id:
                if not self.cancelled:
                    self.cancelled = True
                    raise Cancelled(rollback=rollback)
            case _:
                pass


def _is_end(batch: Sequence[Envelope]) -> bool:
    return bool(batch) and isinstance(batch[-1].event, ENDS)
