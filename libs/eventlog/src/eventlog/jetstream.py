"""The log on a JetStream stream: `appending` writes it, `stored` reads it, republished events wake followers.

The server republishes every event once it is stored. Core NATS may lose such a message, but an
event names the one before it in its conversation, so a follower sees the gap and reads the stream.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager
from typing import Final

from nats.aio.msg import Msg

from chassis import conventions as names
from chassis.telemetry import TRACING, Attributes
from contracts import subjects
from contracts.envelope import ID, TYPE, Envelope, Recorded
from contracts.events import ConversationArchived
from contracts.registry import Registry
from eventlog.appending import Appender
from eventlog.broker import Broker
from eventlog.codec import decode
from eventlog.mailbox import Mailbox, mailbox
from eventlog.patience import Patience
from eventlog.payloads import Payloads
from eventlog.ports import Conflict, LogError, LogState, Unavailable
from eventlog.returning import Returning
from eventlog.settings import NatsSettings
from eventlog.stored import Stored, StreamReader, from_republished

_LAG_RETRIES: Final = 20
_LAG_WAIT_SECONDS: Final = 0.05
_LIFE: Final = "conversation.>"


class JetStreamLog:
    """A `ports.Log` over a started broker.

    Who asks for a conversation's tail or its `conversation.…` events returns to it: one that is archived is
    brought back first.

    Attributes:
        inbox_prefix: where answers to this user's requests come to.
    """

    def __init__(
        self, broker: Broker, registry: Registry, settings: NatsSettings, *, returns: bool = True
    ) -> None:
        """Without `returns`, for those who archive, what is archived is not brought back."""
        self.inbox_prefix = subjects.inbox_prefix(settings.user)
        self._broker = broker
        self._registry = registry
        self._idle = settings.idle_check
        self._patience = settings.append_deadline
        self._payloads = Payloads(broker.client, settings.request_timeout)
        self._reader = StreamReader(broker.client, subjects.LOG_STREAM, settings.request_timeout)
        self._returning = Returning(broker, settings, self._reader) if returns else None
        self._appender = Appender(
            broker.client,
            self._payloads,
            lambda conversation, after: self.next(conversation, ">", after=after),
            self._tail,
            request_timeout=settings.request_timeout,
            deadline=settings.append_deadline,
        )

    async def append(self, envelopes: Sequence[Envelope], *, expected: int) -> tuple[Recorded, ...]:
        """See `ports.Log.append`."""
        metrics = self._broker.metrics
        attributes: Attributes = {
            names.MESSAGING_SYSTEM: names.NATS,
            names.MESSAGING_OPERATION_NAME: "publish",
            names.MESSAGING_OPERATION_TYPE: "send",
            names.MESSAGING_DESTINATION: subjects.LOG_STREAM,
            names.MESSAGING_BATCH_COUNT: len(envelopes),
        }
        with TRACING.span("publish LOG", "producer", attributes), metrics.append_seconds.time():
            try:
                stored = await self._appender.append(envelopes, expected)
            except Conflict:
                metrics.conflicts.inc()
                raise
            except Unavailable:
                self._broker.unconfirmed = asyncio.get_running_loop().time()
                raise
        self._broker.unconfirmed = None
        metrics.appended(stored)
        return stored

    async def tail(self, conversation: str) -> int:
        """See `ports.Log.tail`."""
        stored = await self._last(conversation, ">")
        return stored.sequence if stored else 0

    async def _tail(self, conversation: str) -> int:
        stored = await self._reader.last(subjects.conversation(conversation))
        return stored.sequence if stored else 0

    async def last(self, conversation: str, pattern: str) -> Recorded | None:
        """See `ports.Log.last`."""
        stored = await self._last(conversation, pattern)
        return await self.decode(stored) if stored else None

    async def _last(self, conversation: str, pattern: str) -> Stored | None:
        if self._returning and pattern in (">", _LIFE):
            return await self._returning.last(conversation, pattern)
        return await self._reader.last(subjects.event(conversation, pattern))

    async def next(self, conversation: str, pattern: str, *, after: int) -> Recorded | None:
        """See `ports.Log.next`."""
        stored = await self._reader.next(subjects.event(conversation, pattern), after=after)
        return await self.decode(stored) if stored else None

    async def count(self, conversation: str, pattern: str, *, after: int) -> int:
        """See `ports.Log.count`."""
        return await self._reader.count(subjects.event(conversation, pattern), after=after)

    async def position(self) -> int:
        """See `ports.Log.position`."""
        newest = await self._reader.last(subjects.LOG_SUBJECTS)
        return newest.sequence if newest else 0

    async def state(self) -> LogState:
        """See `ports.Log.state`."""
        return await self._reader.state()

    async def id_at(self, sequence: int) -> str | None:
        """See `ports.Log.id_at`."""
        stored = await self._reader.at(sequence)
        return stored.headers.get(ID, "") if stored else None

    async def hear(self, event_type: str, heard: Callable[[Recorded], Awaitable[None]]) -> None:
        """Tell of each event of a type from now on, over all conversations; one may be missed."""

        async def tell(message: Msg) -> None:
            if stored := from_republished(message):
                await heard(await self.decode(stored))

        await self._broker.client.subscribe(subjects.recorded_everywhere(event_type), cb=tell)

    async def decode(self, stored: Stored) -> Recorded:
        """The event in a stored message, its payload fetched from wherever it is kept; without a payload
        that is lost for good it is one that nobody recognizes.

        Raises:
            Unavailable: if what keeps the payload does not answer.
        """
        payload: bytes | LogError = stored.payload
        if stored.headers.get(TYPE) not in self._registry.unread:
            try:
                payload = await self._payloads.get(stored.headers, stored.payload)
            except Unavailable:
                raise
            except LogError as lost:
                payload = lost
        return decode(self._registry, stored.subject, stored.sequence, stored.headers, payload)

    async def read(
        self, conversation: str, *, after: int = 0, until: int | None = None, pattern: str = ">"
    ) -> AsyncIterator[Recorded]:
        """See `ports.Log.read`."""
        subject = subjects.event(conversation, pattern)
        if until is None:
            newest = await self._reader.last(subject)
            until = newest.sequence if newest else 0
        async for event in self._range(subject, after, until):
            yield event

    @asynccontextmanager
    async def follow(self, conversation: str, *, after: int) -> AsyncIterator[AsyncIterator[Recorded]]:
        """See `ports.Log.follow`."""
        subject = subjects.conversation(conversation)

        async def follow() -> AsyncIterator[Recorded]:
            known = after
            async for batch in self._follow(box, subject, after, lambda event: event.previous):
                for event in batch:
                    if isinstance(event.event, ConversationArchived) or _is_anew(event, known):
                        raise Unavailable(f"conversation {conversation!r} was archived meanwhile")
                    known = event.sequence
                    with TRACING.handling(event):
                        yield event

        async with mailbox(self._broker, subjects.recorded(conversation)) as box:
            yield follow()

    @asynccontextmanager
    async def follow_all(
        self, *, after: int, limit: int = 500
    ) -> AsyncIterator[AsyncIterator[Sequence[Recorded]]]:
        """See `ports.Log.follow_all`."""

        async def follow() -> AsyncIterator[Sequence[Recorded]]:
            async for batch in self._follow(
                box, subjects.LOG_SUBJECTS, after, lambda event: event.sequence - 1
            ):
                for start in range(0, len(batch), limit):
                    part = batch[start : start + limit]
                    with ExitStack() as handled:
                        for event in part if TRACING.on else ():
                            handled.enter_context(TRACING.handling(event))
                        yield part

        async with mailbox(self._broker, f"{subjects.RECORDED_PREFIX}.>") as box:
            yield follow()

    async def _follow(
        self, box: Mailbox, subject: str, after: int, predecessor: Callable[[Recorded], int]
    ) -> AsyncIterator[list[Recorded]]:
        """Events behind `after` in batches; `predecessor` tells which sequence must come before an event.

        Raises:
            Unavailable: if the log did not answer for as long as an append may take.
        """
        patience = Patience(self._patience)
        look = True
        while True:
            messages = None if look else await box.take(self._idle)
            try:
                if messages is None:
                    async for batch in self._catch_up(subject, after):
                        after = batch[-1].sequence
                        yield batch
                elif batch := await self._received(messages, subject, after, predecessor):
                    after = batch[-1].sequence
                    yield batch
            except Unavailable as error:
                await patience.wait(error)
                look = True
            else:
                patience.restore()
                look = False

    async def _received(
        self, messages: Sequence[Msg], subject: str, after: int, predecessor: Callable[[Recorded], int]
    ) -> list[Recorded]:
        """The events of messages, with those between them that were missed."""
        batch: list[Recorded] = []
        for message in messages:
            stored = from_republished(message)
            if stored is None or stored.sequence <= after:
                continue
            event = await self.decode(stored)
            if predecessor(event) > after:
                batch += [missed async for missed in self._range(subject, after, event.sequence - 1)]
            batch.append(event)
            after = event.sequence
        return batch

    async def _catch_up(self, subject: str, after: int) -> AsyncIterator[list[Recorded]]:
        newest = await self._reader.last(subject)
        batch: list[Recorded] = []
        async for event in self._range(subject, after, newest.sequence if newest else 0):
            batch.append(event)
            if len(batch) == 256:
                yield batch
                batch = []
        if batch:
            yield batch

    async def _range(self, subject: str, after: int, until: int) -> AsyncIterator[Recorded]:
        """What the stream holds in ``after < sequence <= until``, though a lagging replica may answer.

        Raises:
            Unavailable: if the replicas stay behind the leader.
        """
        for _ in range(_LAG_RETRIES):
            if after >= until:
                return
            async for stored in self._reader.range(subject, after=after):
                if stored.sequence > until:
                    return
                yield await self.decode(stored)
                after = stored.sequence
            missing = await self._reader.next(subject, after=after) if after < until else None
            if missing is None or missing.sequence > until:
                return
            await asyncio.sleep(_LAG_WAIT_SECONDS)
        raise Unavailable(f"{subject}: replicas lag behind sequence {until}")


def _is_anew(event: Recorded, known: int) -> bool:
    """Whether an event, and all before it, was brought back after a follower had come to `known`."""
    return event.restored and event.previous < known < event.sequence - 1
