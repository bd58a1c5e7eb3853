"""Deliveries of work: held open while they are worked on, given back when this process cannot go on."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

from faststream.asgi import AsgiFastStream

from contracts.envelope import Recorded
from eventlog import service
from eventlog.broker import Broker
from eventlog.journal import Superseded
from eventlog.logs import CONVERSATION
from eventlog.ports import LogError
from eventlog.telemetry import TRACING, of
from eventlog.work import Held

logger = logging.getLogger(__name__)

BEATS_PER_TAKEOVER: Final = 4
DRAIN_SECONDS: Final = 8.0


class Deliveries:
    """The messages this process is answering, each in a task of its own."""

    def __init__(self, answer: Callable[[Recorded, bool], Awaitable[None]], *, takeover_after: float) -> None:
        """`answer` is told whether the message was delivered before; one whose holder is silent for
        `takeover_after` seconds is given to another."""
        self._answer = answer
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
                    await subscriber.stop()
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
                await self._answer(work, held.again)
            await held.done()
        except Superseded:
            return
        except LogError as error:
            logger.warning("message %d is left to be delivered again: %s", held.work.sequence, error)
        except asyncio.CancelledError:
            await held.give_back()
            raise
        except Exception:
            logger.exception("message %d is left to be delivered again", held.work.sequence)
