"""Deliveries of work: held open while they are worked on, given back when this process cannot go on."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from agent_runner.journal import Superseded
from contracts.envelope import Recorded
from eventlog.ports import LogError

logger = logging.getLogger(__name__)

BEATS_PER_TAKEOVER: Final = 4


class Deliveries:
    """The messages this process is answering, each in a task of its own."""

    def __init__(self, answer: Callable[[Recorded], Awaitable[None]], *, takeover_after: float) -> None:
        """A message whose holder is silent for `takeover_after` seconds is given to another."""
        self._answer = answer
        self._beat = takeover_after / BEATS_PER_TAKEOVER
        self._held: dict[asyncio.Task[None], Msg] = {}

    def take(self, message: Msg, work: Recorded) -> None:
        """Answer a message in the background."""
        task = asyncio.create_task(self._handle(message, work), name=f"work {work.sequence}")
        self._held[task] = message
        task.add_done_callback(self._held.pop)

    async def keep_held(self) -> None:
        """Tell the server again and again that the work goes on, until cancelled."""
        while True:
            await asyncio.sleep(self._beat)
            for message in tuple(self._held.values()):
                try:
                    await message.in_progress()
                except (NatsError, OSError) as error:
                    logger.warning("cannot keep a message held: %s", error or type(error).__name__)

    async def drain(self, timeout_seconds: float) -> None:
        """Let what is being worked on end; give the rest back."""
        tasks = set(self._held)
        if tasks:
            await asyncio.wait(tasks, timeout=timeout_seconds)
        for task in tuple(self._held):
            task.cancel()

    async def _handle(self, message: Msg, work: Recorded) -> None:
        try:
            await self._answer(work)
        except Superseded:
            return
        except LogError as error:
            logger.warning("message %d stays unanswered for now: %s", work.sequence, error)
            return
        except asyncio.CancelledError:
            await message.nak()
            raise
        except Exception:
            logger.exception("message %d stays unanswered", work.sequence)
            return
        try:
            await message.ack()
        except (NatsError, OSError) as error:
            logger.warning("message %d: not acknowledged: %s", work.sequence, error or type(error).__name__)
