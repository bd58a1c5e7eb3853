"""Follows the log and keeps the projection up to date; the only writer of a live projection.

Any number of replicas may run on one database: each batch is applied by whichever moves the position first.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeAlias

from chassis.backoff import delays
from chassis.metrics import ProjectionMetrics
from contracts.envelope import Recorded
from eventlog.ports import Log, LogError
from history_store.store import Moved, Store, is_poison

logger = logging.getLogger(__name__)

LINGER_SECONDS: Final = 0.1
_FIRST_BACKOFF_SECONDS: Final = 0.1
_LARGEST_BACKOFF_SECONDS: Final = 5.0

Bury: TypeAlias = Callable[[Recorded, str], Awaitable[None]]
"""Puts an event into DEAD with the reason."""


class Behind(Exception):
    """The projection did not reach a sequence in time."""


class Away(LogError):
    """The database or the log did not come back within the configured patience."""


class Projector:
    """Moves one store on.

    Attributes:
        position: the last sequence known to be in the store.
        trouble: why nothing is projected at present, or None.
    """

    def __init__(
        self,
        log: Callable[[], Log],
        store: Store,
        bury: Bury,
        metrics: ProjectionMetrics,
        *,
        outage_patience: float,
    ) -> None:
        """`log` gives the log once the broker is connected; `outage_patience` is in seconds."""
        self._log = log
        self._store = store
        self._bury = bury
        self._metrics = metrics
        self._patience = outage_patience
        self._moved = asyncio.Condition()
        self._waiting = 0
        self._wanted = asyncio.Event()
        self._failing_since: float | None = None
        self.position = 0
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
                if self._failing_since is None:
                    self._failing_since = clock()
                    backoff = delays(_FIRST_BACKOFF_SECONDS, _LARGEST_BACKOFF_SECONDS)
                self.trouble = f"cannot project: {error or type(error).__name__}"
                if clock() - self._failing_since > self._patience:
                    raise Away(self.trouble) from error
                delay = next(backoff)
                logger.warning("%s; trying again in %.1f s", self.trouble, delay)
                await asyncio.sleep(delay)

    async def reached(self, sequence: int, *, timeout_seconds: float) -> None:
        """Wait until the store has the log up to `sequence`.

        Raises:
            Behind: if it has not in time.
        """
        if sequence <= self.position:
            return
        self._waiting += 1
        self._wanted.set()
        try:
            async with asyncio.timeout(timeout_seconds), self._moved:
                await self._moved.wait_for(lambda: self.position >= sequence)
        except TimeoutError:
            raise Behind(f"the projection is at {self.position}, not yet at {sequence}") from None
        finally:
            self._waiting -= 1

    async def lag(self) -> int:
        """How many sequences of the log are not in the store yet."""
        behind = max(await self._log().position() - self.position, 0)
        self._metrics.lag.set(behind)
        return behind

    async def _follow(self) -> None:
        await self._reread()
        if not await self.lag():
            self._recovered()  # else the first batch tells
        async with self._log().follow_all(after=self.position) as batches:
            async for batch in batches:
                await self._apply(batch)
                await self._linger()

    async def _linger(self) -> None:
        """Let events gather, unless somebody waits for them: a transaction costs more than its rows."""
        if self._waiting:
            return
        self._wanted.clear()
        try:
            async with asyncio.timeout(LINGER_SECONDS):
                await self._wanted.wait()
        except TimeoutError:
            pass

    async def _apply(self, batch: Sequence[Recorded]) -> None:
        while pending := [event for event in batch if event.sequence > self.position]:
            try:
                await self._store.apply(pending, after=self.position)
            except Moved:
                before = self.position
                if await self._reread() < before:
                    raise  # it went back, so the log has to be followed from there
                self._recovered()
            except Exception as error:
                if not is_poison(error):
                    raise
                await self._isolate(pending, error)
            else:
                self._recovered()
                self._metrics.events.inc(len(pending))
                await self._announce(pending[-1].sequence)

    async def _isolate(self, pending: Sequence[Recorded], error: Exception) -> None:
        """Apply events one by one to find the one that spoils the batch, and put it aside."""
        if len(pending) > 1:
            for event in pending:
                await self._apply([event])
            return
        (event,) = pending
        reason = f"{type(error).__name__}: {error}"
        logger.error("event %d cannot be projected: %s", event.sequence, reason)
        await self._bury(event, reason)
        try:
            await self._store.skip(event, after=self.position)
        except Moved:
            await self._reread()
        else:
            self._recovered()
            self._metrics.dead.inc()
            await self._announce(event.sequence)

    async def _reread(self) -> int:
        await self._announce(await self._store.position())
        return self.position

    def _recovered(self) -> None:
        self._failing_since = self.trouble = None

    async def _announce(self, position: int) -> None:
        self._metrics.position.set(position)
        async with self._moved:
            self.position = position
            self._moved.notify_all()
