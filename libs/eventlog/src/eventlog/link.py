"""A link between two processes over core NATS: small messages both ways, nothing kept, losses noticed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from contracts import subjects
from eventlog.broker import Broker
from eventlog.mailbox import Mailbox, mailbox

_LOOK_SECONDS: Final = 60.0


class Link:
    """One end."""

    def __init__(self, broker: Broker, box: Mailbox, target: str) -> None:
        self._client = broker.client
        self._box = box
        self._target = target

    async def send(self, message: bytes) -> None:
        """Send to the other end; does not wait for it."""
        await self._client.publish(self._target, message)

    async def receive(self, timeout_seconds: float) -> list[bytes] | None:
        """What has come since the last call; None if nothing did in time, or if something was lost."""
        messages = await self._box.take(timeout_seconds)
        return None if messages is None else [message.data for message in messages]


@asynccontextmanager
async def client_end(broker: Broker, link: str) -> AsyncIterator[Link]:
    """The end that voice frames of a client come in by."""
    async with mailbox(broker, subjects.voice_out(link)) as box:
        yield Link(broker, box, subjects.voice_in(link))


@asynccontextmanager
async def service_end(broker: Broker, link: str) -> AsyncIterator[Link]:
    """The end that answers them."""
    async with mailbox(broker, subjects.voice_in(link)) as box:
        yield Link(broker, box, subjects.voice_out(link))


class Holding:
    """This process holds a conversation until another one announces the same."""

    def __init__(self, box: Mailbox, link: str) -> None:
        self._box = box
        self._own = link.encode()
        self._announced = False

    async def lost(self) -> None:
        """Until another process has announced itself after this one."""
        while True:
            for message in await self._box.take(_LOOK_SECONDS) or ():
                if self._announced and message.data != self._own:
                    return
                self._announced = self._announced or message.data == self._own


@asynccontextmanager
async def hold(broker: Broker, conversation: str, link: str) -> AsyncIterator[Holding]:
    """Announce that this process holds a conversation's voice session, by the link it serves."""
    subject = subjects.voice_taken(conversation)
    async with mailbox(broker, subject) as box:
        await broker.client.publish(subject, link.encode())
        yield Holding(box, link)
