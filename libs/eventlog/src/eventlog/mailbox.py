"""A bounded box for core NATS messages, which are lost when nobody reads them fast enough.

The box turns every loss into one clear sign, so that the owner looks at the stream instead.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from nats.aio.msg import Msg

from eventlog.broker import Broker

LIMIT = 4096


class Mailbox:
    """Messages in order of arrival, or the news that some may be missing."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._messages: deque[Msg] = deque()
        self._limit = limit
        self._lost = False
        self._ready = asyncio.Event()

    async def deliver(self, message: Msg) -> None:
        """Add one message; when full, drop them all and remember the loss."""
        if len(self._messages) >= self._limit:
            self._messages.clear()
            self._lost = True
        else:
            self._messages.append(message)
        self._ready.set()

    def interrupt(self) -> None:
        """Remember that messages may be missing."""
        self._lost = True
        self._ready.set()

    async def take(self, idle_seconds: float) -> list[Msg] | None:
        """All that has arrived, waiting for the first; None after a loss or when nothing came in time."""
        try:
            async with asyncio.timeout(idle_seconds):
                await self._ready.wait()
        except TimeoutError:
            return None
        self._ready.clear()
        taken = None if self._lost else list(self._messages)
        self._lost = False
        self._messages.clear()
        return taken


@asynccontextmanager
async def mailbox(broker: Broker, subject: str) -> AsyncIterator[Mailbox]:
    """A box that receives a subject for as long as the context lasts."""
    box = Mailbox()
    client = broker.client
    broker.interruptions.listen(box.interrupt)
    subscription = await client.subscribe(subject, cb=box.deliver)
    try:
        yield box
    finally:
        broker.interruptions.forget(box.interrupt)
        if not client.is_closed and not client.is_draining:
            await subscription.unsubscribe()
