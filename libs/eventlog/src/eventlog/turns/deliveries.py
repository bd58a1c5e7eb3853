"""Deliveries of work: held open while they are worked on, given back when this process cannot go on."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final, Protocol

from faststream.asgi import AsgiFastStream

from chassis.logs import CONVERSATION
from chassis.telemetry import TRACING, of
from contracts.envelope import Recorded
from contracts.events import Unrecognized
from eventlog import service
from eventlog.broker import Broker
from eventlog.outage import OUTAGE
from eventlog.ports import Full, LogError, Unavailable
from eventlog.turns.journal import Superseded
from eventlog.turns.work import Held

logger = logging.getLogger(__name__)

BEATS_PER_TAKEOVER: Final = 4
DRAIN_SECONDS: Final = 8.0
LAST_DELIVERY: Final = 10
"""What still cannot be handled then is given up; until then another release or a mended log may take it."""


class Undertaker(Protocol):
    """Takes what could not be answered."""

    async def give_up(self, work: Recorded, attempt: int, reason: str) -> None:
        """Keep the message as a dead letter, and let its conversation know that its run has failed."""
        ...


class Deliveries:
    """The messages this process is answering, each in a task of its own."""

    def __init__(
        self,
        answer: Callable[[Recorded, bool], Awaitable[None]],
        undertaker: Undertaker,
        *,
        takeover_after: float,
    ) -> None:
        """`answer` is told whether the message was delivered before; one whose holder is silent for
        `takeover_after` seconds is given to another."""
        self._answer = answer
        self._undertaker = undertaker
        self._beat = takeover_after / BEATS_PER_TAKEOVER
        self._held: dict[asyncio.Task[None], Held] = {}

    def take(self, held: Held) -> None:
        """Answer a message in the background."""
        task = asyncio.create_task(self._handle(held), name=f"work {held.work.sequence}")
        self._held[task] = held
        task.add_done_callback(self._held.pop)

    @asynccontextmanager
    async def working(self, app: AsgiFastStream, broker: Broker, name: str) -> AsyncIterator[None]:
        """The application of the service `name` at work.

        In the end it takes nothing more, finishes what it holds, and closes its connection last: a run can
        only end by what it still appends.
        """
        async with asyncio.TaskGroup() as background:
            keeping = background.create_task(self._keep_held())
            await app.start()
            await service.answer_pings(broker, name)
            try:
                yield
            finally:
                for subscriber in broker.subscribers:
                    try:
                        await subscriber.stop()
                    except OUTAGE as error:
                        logger.warning("no more work comes in any case: %s", error or type(error).__name__)
                await self._drain()
                await app.stop()
                keeping.cancel()

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
        work = held.work
        CONVERSATION.set(work.conversation)
        try:
            with TRACING.span(f"process {work.event.type}", "consumer", of(work), under=work.traceparent):
                if isinstance(work.event, Unrecognized) and held.delivery < LAST_DELIVERY:
                    raise LogError(f"cannot be read: {work.event.reason}")
                await self._answer(work, held.delivery > 1)
            await held.done()
        except Superseded:
            return
        except (Unavailable, Full) as error:  # no fault of the message, however often it happens
            logger.warning("message %d is left to be delivered again: %s", work.sequence, error)
        except asyncio.CancelledError:
            await held.give_back()
            raise
        except Exception as error:
            if held.delivery >= LAST_DELIVERY:
                await self._give_up(held, error)
            elif isinstance(error, LogError):
                logger.warning("message %d is left to be delivered again: %s", work.sequence, error)
            else:
                logger.exception("message %d is left to be delivered again", work.sequence)

    async def _give_up(self, held: Held, error: Exception) -> None:
        work, reason = held.work, f"{error}" or type(error).__name__
        logger.error("message %d is given up: %s", work.sequence, reason, exc_info=error)
        try:
            await self._undertaker.give_up(work, held.delivery, reason)
            await held.done()
        except LogError as failure:
            logger.warning("message %d is left to be given up: %s", work.sequence, failure)
