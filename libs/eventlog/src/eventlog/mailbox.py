"""A bounded box for core NATS messages, which are lost when nobody reads them fast enough.

The box turns every loss into one clear sign, so that the owner looks at the stream instead.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from nats.aio.msg import Msg

from eventlog.broker import Broker
from eventlog.outage import OUTAGE
from eventlog.ports import Unavailable

logger = logging.getLogger(__name__)

LIMIT = 4096
LIMIT_BYTES = 16 << 20
"""Of the messages that wait; a client's audio and a model's tokens are far below."""


class Mailbox:
    """Messages in order of arrival, or the news that some may be missing."""

    def __init__(self, limit: int = LIMIT, limit_bytes: int = LIMIT_BYTES) -> None:
        self._messages: deque[Msg] = deque()
        self._limit = limit
        self._limit_bytes = limit_bytes
        self._bytes = 0
        self._lost = False
        self._waiting: asyncio.Future[None] | None = None

    async def deliver(self, message: Msg) -> None:
        """Add one message; when full, drop them all and remember the loss."""
        self._bytes += len(message.data)
        if len(self._messages) >= self._limit or self._bytes > self._limit_bytes:
            self._messages.clear()
            self._bytes = 0
            self._lost = True
        else:
            self._messages.append(message)
        self._wake()

    def interrupt(self) -> None:
        """Remember that messages may be missing."""
        self._lost = True
        self._wake()

    def _wake(self) -> None:
        if self._waiting and not self._waiting.done():
            self._waiting.set_result(None)

    async def take(self, idle_seconds: float) -> list[Msg] | None:
        """All that has arrived, waiting for the first; None after a loss or when nothing came in time."""
        if not self._messages and not self._lost:
            self._waiting = asyncio.get_running_loop().create_future()
            try:
                async with asyncio.timeout(idle_seconds):
                    await self._waiting
            except TimeoutError:
                return None
            finally:
                self._waiting = None
        taken = None if self._lost else list(self._messages)
        self._lost = False
        self._messages.clear()
        self._bytes = 0
        return taken


@asynccontextmanager
async def mailbox(broker: Broker, *subjects: str) -> AsyncIterator[Mailbox]:
    """A box that receives subjects for as long as the context lasts.

    Raises:
        Unavailable: if NATS cannot be told to send them.
    """
    box = Mailbox()
    client = broker.client
    try:
        subscriptions = [await client.subscribe(subject, cb=box.deliver) for subject in subjects]
    except OUTAGE as error:
        raise Unavailable(f"{subjects[0]}: {error or type(error).__name__}") from error
    broker.interruptions.listen(box.interrupt)
    try:
        yield box
    finally:
        broker.interruptions.forget(box.interrupt)
        if not client.is_closed and not client.is_draining:
            try:
                for subscription in subscriptions:
                    await subscription.unsubscribe()
            except OUTAGE as error:
                logger.warning("%s: %s", subjects[0], error or type(error).__name__)
