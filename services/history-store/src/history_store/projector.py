"""Follows a stream of the log and keeps its part of the projection up to date; the only writer of it.

Any number of replicas may run on one database: each batch is applied by whichever moves the position first.
Tables that were emptied, or that come from another log (`lineage`), are filled anew from the beginning.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final, TypeAlias

from sqlalchemy.exc import SQLAlchemyError

from chassis.backoff import delays
from chassis.metrics import ProjectionMetrics
from contracts.envelope import Recorded
from contracts.events import Unrecognized
from eventlog import sharding
from eventlog.archived import ArchiveIndex
from eventlog.ports import Log, LogError
from history_store.archived import list_archived
from history_store.counting import Counting
from history_store.database import is_poison
from history_store.lineage import strayed
from history_store.store import Moved, Store

logger = logging.getLogger(__name__)
LINGER_SECONDS: Final = 0.1
WATCH_SECONDS: Final = 2.0
"""How often it is looked whether the tables are still there, and still those of this log."""
PROBE_SECONDS: Final = 2.0
"""No longer than the probe of the log, so that who asks for readiness is still there for the answer."""
_FIRST_BACKOFF_SECONDS: Final = 0.1
_LARGEST_BACKOFF_SECONDS: Final = 5.0

GiveUp: TypeAlias = Callable[[Recorded, str], Awaitable[None]]
"""Puts an event into DEAD with the reason."""


class Behind(Exception):
    """The projection did not reach a sequence in time."""


class Strayed(Exception):
    """The tables come from another log, or from one that has been restored since."""


class Away(LogError):
    """The database or the log did not come back within the configured patience."""


class Projector:
    """Moves one store on, by one stream of the log.

    Attributes:
        position: the last sequence known to be in the store.
        trouble: why nothing is projected at present, or None.
    """

    def __init__(
        self,
        log: Callable[[], Log],
        store: Store,
        give_up: GiveUp,
        metrics: ProjectionMetrics,
        *,
        outage_patience: float,
        ready_lag: int = 1000,
        archived: Callable[[], ArchiveIndex] | None = None,
        stream: int = 0,
    ) -> None:
        """`log` gives the log once the broker is connected, `archived` what has left it; `outage_patience` in
        seconds. With more than `ready_lag` events to catch up with, nobody is told what the tables hold."""
        self._log = log
        self._store = store
        self._give_up = give_up
        self._metrics = metrics
        self._patience = outage_patience
        self._ready_lag = ready_lag
        self._archived = archived
        self._moved = asyncio.Condition()
        self._waiting = 0
        self._wanted = asyncio.Event()
        self._suspicious = asyncio.Event()
        self._failing_since: float | None = None
        self._stream = stream
        self._goal = 0
        self._filling = True
        self.position = sharding.beginning(stream)
        self.trouble: str | None = "has not begun"

    async def run(self) -> None:
        """Project for ever.

        Raises:
            Away: if the database or the log is away for too long.
        """
        clock = asyncio.get_running_loop().time
        backoff = delays(_FIRST_BACKOFF_SECONDS, _LARGEST_BACKOFF_SECONDS)
        while True:
            try:
                await self._follow()
            except Exception as error:
                cause = error.exceptions[0] if isinstance(error, ExceptionGroup) else error
                if self._failing_since is None:
                    self._failing_since = clock()
                    backoff = delays(_FIRST_BACKOFF_SECONDS, _LARGEST_BACKOFF_SECONDS)
                self.trouble = f"cannot project: {cause or type(cause).__name__}"
                if clock() - self._failing_since > self._patience:
                    raise Away(self.trouble) from error
                delay = next(backoff)
                logger.warning("%s; trying again in %.1f s", self.trouble, delay)
                await asyncio.sleep(delay)

    async def reached(self, sequence: int, *, timeout_seconds: float) -> None:
        """Wait until the store has the log up to `sequence`, and has everything if it is being filled.

        Raises:
            Behind: if it has not in time.
        """
        if sequence <= self.position and not self._filling:
            return
        self._waiting += 1
        self._wanted.set()
        try:
            async with asyncio.timeout(timeout_seconds), self._moved:
                await self._moved.wait_for(lambda: self.position >= sequence and not self._filling)
        except TimeoutError:
            wanted = max(sequence, self._goal)
            raise Behind(f"the projection is at {self.position}, not yet at {wanted}") from None
        finally:
            self._waiting -= 1

    async def lag(self) -> int:
        """How many sequences of the stream are not in the store yet.

        Raises:
            LogError: if the log does not answer.
        """
        position = self.position  # first, since it moves on while the log is asked
        return max(await self._log().position(self._stream) - position, 0)

    async def problem(self) -> str | None:
        """Why the tables do not hold what the log does, or None."""
        known = self.position
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                stored = (await self._store.stand(self._stream)).sequence
        except (SQLAlchemyError, Moved, OSError, TimeoutError) as error:
            return f"the database does not answer: {error or type(error).__name__}"
        if self.trouble:
            return self.trouble
        if stored < known:
            self.suspect()
            return f"the tables went back from {known} to {stored}"
        try:
            end = await self._log().position(self._stream)
        except LogError as error:
            return f"cannot tell how far behind the projection is: {error}"
        if stored > end and (await self._log().state(self._stream)).last < stored:
            self.suspect()
            return f"the tables are at {stored}, and the log ends at {end}"
        return f"{end - stored} events behind" if end - stored > self._ready_lag else None

    def suspect(self) -> None:
        """Look at once whether tables and log still belong together."""
        self._suspicious.set()

    async def _follow(self) -> None:
        await self._settle()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._watch())
            async with self._log().follow_all(after=self.position) as batches:
                async for batch in batches:
                    await self._apply(batch)
                    await self._linger()

    async def _settle(self) -> None:
        """Make sure that there are tables, and that they are of this log; know how far there is to go."""
        log, stream = self._log(), self._stream
        await self._store.prepare(log.streams)
        stand = await self._store.stand(stream)
        if why := await strayed(log, stand) or (None if stream else await self._store.miscounted()):
            logger.error("%s; the tables are filled anew from the log", why)
            await self._store.begin_anew(stand)
        await self._store.sign((await log.state(stream)).made, stream)
        self._goal = await log.position(stream)
        position = await self._store.position(stream)
        begins = position == sharding.beginning(stream)
        if self._archived and begins and not stream:
            await list_archived(self._archived(), self._store)
        self._filling = self._goal - position > (0 if begins else self._ready_lag)
        if self._filling:
            self.trouble = f"the tables are being filled from the log, up to {self._goal}"
        await self._reread()
        if self.position >= self._goal:
            await self._recovered()

    async def _watch(self) -> None:
        """Notice that the tables were emptied, or the log replaced, though nothing happens in it.

        Raises:
            Moved: if the tables went back or are gone.
            Strayed: if they are not of this log, or somebody else added or removed rows.
        """
        counting = Counting(self._store)
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(WATCH_SECONDS):
                    await self._suspicious.wait()
            suspicious = self._suspicious.is_set()
            self._suspicious.clear()
            known = self.position
            stand = await self._store.stand(self._stream)
            if stand.sequence < known:
                raise Moved(f"the tables went back from {known} to {stand.sequence}")
            try:
                why = await strayed(self._log(), stand)
            except LogError:
                continue  # whoever follows sits it out or tells
            if not self._stream:  # of all rows, so once is enough
                why = why or await counting.complaint(at_once=suspicious)
            if why:
                raise Strayed(why)

    async def _linger(self) -> None:
        """Let events gather, unless somebody waits for them: a transaction costs more than its rows."""
        if self._waiting:
            return
        self._wanted.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(LINGER_SECONDS):
                await self._wanted.wait()

    async def _apply(self, batch: Sequence[Recorded]) -> None:
        while pending := [event for event in batch if event.sequence > self.position]:
            try:
                await self._store.apply(pending, after=self.position)
            except Moved:
                before = self.position
                if await self._reread() < before:
                    raise  # it went back, so the log has to be followed from there
                await self._recovered()
            except Exception as error:
                if not is_poison(error):
                    raise
                await self._isolate(pending, error)
            else:
                self._metrics.events.inc(len(pending))
                await self._report_damaged(pending)
                await self._announce(pending[-1].sequence)
                await self._recovered()

    async def _report_damaged(self, applied: Sequence[Recorded]) -> None:
        """Give word of what no release can read, and go on: it changes nothing in the tables."""
        for recorded in applied:
            event = recorded.event
            if isinstance(event, Unrecognized) and event.damaged:
                await self._give_up(recorded, event.reason)
                self._metrics.dead.inc()

    async def _isolate(self, pending: Sequence[Recorded], error: Exception) -> None:
        """Apply events one by one to find the one that spoils the batch, and put it aside."""
        if len(pending) > 1:
            for event in pending:
                await self._apply([event])
            return
        (event,) = pending
        reason = f"{type(error).__name__}: {error}"
        logger.error("event %d cannot be projected: %s", event.sequence, reason)
        await self._give_up(event, reason)
        try:
            await self._store.skip(event, after=self.position)
        except Moved:
            await self._reread()
        else:
            self._metrics.dead.inc()
            await self._announce(event.sequence)
            await self._recovered()

    async def _reread(self) -> int:
        await self._announce(await self._store.position(self._stream))
        return self.position

    async def _recovered(self) -> None:
        """It works again; whether it is worth reading depends on how far it has come."""
        self._failing_since = None
        if self._filling and self.position < self._goal:
            return
        self.trouble = None
        if self._filling:
            self._filling = False
            await self._announce(self.position)

    async def _announce(self, position: int) -> None:
        self._metrics.position.inc(position - self.position)
        async with self._moved:
            self.position = position
            self._moved.notify_all()
