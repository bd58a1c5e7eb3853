"""Follows what a stream stores on a subject: republished events wake the follower, and gaps are read."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Final

from nats.aio.msg import Msg

from contracts.envelope import Recorded
from eventlog.mailbox import Mailbox
from eventlog.patience import Patience
from eventlog.ports import Unavailable
from eventlog.stored import Stored, StreamReader, from_republished

_LAG_RETRIES: Final = 20
_LAG_WAIT_SECONDS: Final = 0.05
_CHUNK: Final = 256


class Stretch:
    """The events on a subject or wildcard of one stream."""

    def __init__(
        self,
        reader: StreamReader,
        subject: str,
        decode: Callable[[Stored], Awaitable[Recorded]],
        *,
        idle_check: float,
        patience: float,
    ) -> None:
        """After `idle_check` seconds of silence a follower looks itself; for `patience` seconds the log may
        be away."""
        self._reader = reader
        self._subject = subject
        self._decode = decode
        self._idle = idle_check
        self._patience = patience

    async def follow(
        self, box: Mailbox, after: int, predecessor: Callable[[Recorded], int]
    ) -> AsyncIterator[list[Recorded]]:
        """Events behind `after` in batches; `predecessor` tells which sequence must come before an event.

        Args:
            box: receives what is republished of them.

        Raises:
            Unavailable: if the log did not answer for as long as an append may take.
        """
        patience = Patience(self._patience)
        look = True
        while True:
            messages = None if look else await box.take(self._idle)
            try:
                if messages is None:
                    async for batch in self._catch_up(after):
                        after = batch[-1].sequence
                        yield batch
                elif batch := await self._received(messages, after, predecessor):
                    after = batch[-1].sequence
                    yield batch
            except Unavailable as error:
                await patience.wait(error)
                look = True
            else:
                patience.restore()
                look = False

    async def _received(
        self, messages: Sequence[Msg], after: int, predecessor: Callable[[Recorded], int]
    ) -> list[Recorded]:
        """The events of messages, with those between them that were missed."""
        batch: list[Recorded] = []
        for message in messages:
            stored = from_republished(message)
            if stored is None or stored.sequence <= after:
                continue
            event = await self._decode(stored)
            if predecessor(event) > after:
                batch += [missed async for missed in self.range(after, event.sequence - 1)]
            batch.append(event)
            after = event.sequence
        return batch

    async def _catch_up(self, after: int) -> AsyncIterator[list[Recorded]]:
        newest = await self._reader.last(self._subject)
        batch: list[Recorded] = []
        async for event in self.range(after, newest.sequence if newest else 0):
            batch.append(event)
            if len(batch) == _CHUNK:
                yield batch
                batch = []
        if batch:
            yield batch

    async def range(self, after: int, until: int) -> AsyncIterator[Recorded]:
        """What the stream holds in ``after < sequence <= until``, though a lagging replica may answer.

        Raises:
            Unavailable: if the replicas stay behind the leader.
        """
        for _ in range(_LAG_RETRIES):
            if after >= until:
                return
            async for stored in self._reader.range(self._subject, after=after):
                if stored.sequence > until:
                    return
                yield await self._decode(stored)
                after = stored.sequence
            missing = await self._reader.next(self._subject, after=after) if after < until else None
            if missing is None or missing.sequence > until:
                return
            await asyncio.sleep(_LAG_WAIT_SECONDS)
        raise Unavailable(f"{self._subject}: replicas lag behind sequence {until}")
