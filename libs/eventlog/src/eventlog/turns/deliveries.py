"""Deliveries of work: held open while they are worked on, given back when this process cannot go on."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final, Protocol

from faststream.asgi import AsgiFastStream

from chassis.logs import CONVERSATION
from chassis.telemetry import TRACING, of
from contracts.envelope import Recorded
from contracts.events import Unrecognized
from eventlog import service
from eventlog.broker import Broker
from eventlog.ports import Full, LogError, Unavailable
from eventlog.turns.journal import Superseded
from eventlog.turns.responder import Stopped, Unanswered
from eventlog.turns.work import Held, WorkQueue

logger = logging.getLogger(__name__)

BEATS_PER_TAKEOVER: Final = 4
DRAIN_SECONDS: Final = 8.0
LAST_DELIVERY: Final = 10
"""What still cannot be handled then is given up; until then another release or a mended log may take it."""
HELD_PER_PLACE: Final = 2
"""So many conversations at most are held for each place: those whose next message waits for its turn take no
place from one that has just come."""


class Answering(Protocol):
    """A `responder.Responder`."""

    @property
    def heads(self) -> dict[str, int]: ...

    async def answer(self, work: Recorded, again: bool = False, *, goes_on: Callable[[], None]) -> bool: ...

    def stop(self) -> None: ...


class GivingUp(Protocol):
    """Takes what could not be answered."""

    async def give_up(self, work: Recorded, attempt: int, reason: str) -> None:
        """Keep the message as a dead letter, and let its conversation know that its run has failed."""
        ...


class Deliveries:
    """The deliveries this process holds, each in a task of its own."""

    def __init__(
        self, responder: Answering, dead_letters: GivingUp, *, takeover_after: float, places: int
    ) -> None:
        """A delivery whose holder is silent for `takeover_after` seconds is given to another; `places` are
        the messages that are answered at once."""
        self._responder = responder
        self._dead_letters = dead_letters
        self._beat = takeover_after / BEATS_PER_TAKEOVER
        self._places = places
        self._held: dict[asyncio.Task[None], Held] = {}
        self._changed: Callable[[], None] = lambda: None

    @property
    def free(self) -> int:
        """How many more deliveries there are places for."""
        first = sum(held.is_first for held in self._held.values())
        return max(min(self._places - first, HELD_PER_PLACE * self._places - len(self._held)), 0)

    @property
    def heads(self) -> dict[str, int]:
        """The conversations that are being answered here, and which message of each, by its sequence."""
        return self._responder.heads

    def take(self, held: Held) -> None:
        """Answer a message in the background."""
        task = asyncio.create_task(self._handle(held), name=f"work {held.sequence}")
        self._held[task] = held
        task.add_done_callback(self._ended)

    @asynccontextmanager
    async def working(
        self, app: AsgiFastStream, broker: Broker, name: str, queue: WorkQueue
    ) -> AsyncIterator[None]:
        """The application of the service `name` at work.

        In the end it takes nothing more, finishes what it holds, and closes its connection last: a run can
        only end by what it still appends.
        """
        self._changed = queue.wake
        async with asyncio.TaskGroup() as background:
            keeping = background.create_task(self._keep_held())
            await app.start()
            await service.answer_pings(broker, name)
            await queue.start(self)
            try:
                yield
            finally:
                await queue.stop()
                self._responder.stop()
                await self._drain()
                await app.stop()
                keeping.cancel()

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._held[task]
        self._changed()

    async def _keep_held(self) -> None:
        """Tell the server again and again that the work goes on, until cancelled."""
        while True:
            await asyncio.sleep(self._beat)
            for held in tuple(self._held.values()):
                try:
                    await held.keep()
                except LogError as error:
                    logger.warning("cannot keep %s", error)

    async def _drain(self) -> None:
        """Let what is being worked on end; give the rest back."""
        if tasks := set(self._held):
            _, unfinished = await asyncio.wait(tasks, timeout=DRAIN_SECONDS)
            for task in unfinished:
                task.cancel()
            await asyncio.gather(*unfinished, return_exceptions=True)

    async def _handle(self, held: Held) -> None:
        try:
            work = await held.work()
            CONVERSATION.set(work.conversation)
            with TRACING.span(f"process {work.event.type}", "consumer", of(work), under=work.traceparent):
                done = await self._answered(held, work)
            if done:
                await held.done()
        except Superseded:
            return
        except (Unavailable, Full) as error:  # no fault of the message, however often it happens
            logger.warning("message %d is left to be delivered again: %s", held.sequence, error)
        except (asyncio.CancelledError, Stopped) as ending:
            with suppress(Unavailable):
                await held.give_back()
            if isinstance(ending, asyncio.CancelledError):
                raise
        except Exception:
            logger.exception("message %d is left to be delivered again", held.sequence)

    async def _answered(self, held: Held, work: Recorded) -> bool:
        """Whether the delivery is not needed any more."""
        if isinstance(work.event, Unrecognized) and held.delivery < LAST_DELIVERY:
            logger.warning("message %d is left to be delivered again: it cannot be read", work.sequence)
            return False

        def goes_on() -> None:
            held.is_first = False
            self._changed()

        again = held.delivery > 1
        while True:
            try:
                return await self._responder.answer(work, again, goes_on=goes_on)
            except Unanswered as unanswered:
                error = unanswered.__cause__ or unanswered
                if held.delivery < LAST_DELIVERY:
                    known = isinstance(error, LogError)
                    logger.warning(
                        "message %d is left to be delivered again: %s",
                        unanswered.work.sequence,
                        error,
                        exc_info=None if known else error,
                    )
                    return False
                reason = f"{error}" or type(error).__name__
                logger.exception("message %d is given up: %s", unanswered.work.sequence, reason)
                await self._dead_letters.give_up(unanswered.work, held.delivery, reason)
                again = True
