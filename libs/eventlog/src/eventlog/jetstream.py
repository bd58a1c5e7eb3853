"""The log on JetStream streams: `appending` writes it, `stored` reads it, republished events wake followers.

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
from eventlog import sharding
from eventlog.appending import Appender
from eventlog.broker import Broker
from eventlog.codec import decode
from eventlog.following import Stretch
from eventlog.mailbox import mailbox
from eventlog.payloads import Payloads
from eventlog.ports import Conflict, LogError, LogState, Unavailable
from eventlog.returning import Returning
from eventlog.settings import NatsSettings
from eventlog.stored import LogReader, Stored, StreamReader, from_republished

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
        self._reader = LogReader(broker.client, broker.streams, settings.request_timeout)
        self._returning = Returning(broker, settings, self._reader) if returns else None
        self._appender = Appender(
            broker.client,
            self._payloads,
            lambda conversation, after: self.next(conversation, ">", after=after),
            self._tail,
            request_timeout=settings.request_timeout,
            deadline=settings.append_deadline,
        )

    @property
    def streams(self) -> int:
        """See `ports.Log`."""
        return len(self._reader.streams)

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
        stored = await self._reader.of(conversation).last(subjects.conversation(conversation))
        return stored.sequence if stored else 0

    async def last(self, conversation: str, pattern: str) -> Recorded | None:
        """See `ports.Log.last`."""
        stored = await self._last(conversation, pattern)
        return await self.decode(stored) if stored else None

    async def _last(self, conversation: str, pattern: str) -> Stored | None:
        if self._returning and pattern in (">", _LIFE):
            return await self._returning.last(conversation, pattern)
        return await self._reader.of(conversation).last(subjects.event(conversation, pattern))

    async def next(self, conversation: str, pattern: str, *, after: int) -> Recorded | None:
        """See `ports.Log.next`."""
        reader = self._reader.of(conversation)
        stored = await reader.next(subjects.event(conversation, pattern), after=after)
        return await self.decode(stored) if stored else None

    async def count(self, conversation: str, pattern: str, *, after: int) -> int:
        """See `ports.Log.count`."""
        return await self._reader.of(conversation).count(subjects.event(conversation, pattern), after=after)

    async def position(self, stream: int = 0) -> int:
        """See `ports.Log.position`."""
        newest = await self._reader.streams[stream].last(subjects.LOG_SUBJECTS)
        return newest.sequence if newest else sharding.beginning(stream)

    async def positions(self) -> tuple[int, ...]:
        """See `ports.Log.positions`."""
        return tuple(await asyncio.gather(*map(self.position, range(self.streams))))

    async def state(self, stream: int = 0) -> LogState:
        """See `ports.Log.state`."""
        return await self._reader.streams[stream].state()

    async def id_at(self, sequence: int) -> str | None:
        """See `ports.Log.id_at`."""
        stored = await self._reader.at(sequence).at(sequence)
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
        reader = self._reader.of(conversation)
        if until is None:
            newest = await reader.last(subject)
            until = newest.sequence if newest else 0
        async for event in self._stretch(reader, subject).range(after, until):
            yield event

    @asynccontextmanager
    async def follow(self, conversation: str, *, after: int) -> AsyncIterator[AsyncIterator[Recorded]]:
        """See `ports.Log.follow`."""
        stretch = self._stretch(self._reader.of(conversation), subjects.conversation(conversation))

        async def follow() -> AsyncIterator[Recorded]:
            known = after
            async for batch in stretch.follow(box, after, lambda event: event.previous):
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
        stretch = self._stretch(self._reader.at(after), subjects.LOG_SUBJECTS)
        stored = sharding.subjects_of(sharding.stream_at(after), self.streams)

        async def follow() -> AsyncIterator[Sequence[Recorded]]:
            async for batch in stretch.follow(box, after, lambda event: event.sequence - 1):
                for start in range(0, len(batch), limit):
                    part = batch[start : start + limit]
                    with ExitStack() as handled:
                        for event in part if TRACING.on else ():
                            handled.enter_context(TRACING.handling(event))
                        yield part

        async with mailbox(self._broker, *map(subjects.republished, stored)) as box:
            yield follow()

    def _stretch(self, reader: StreamReader, subject: str) -> Stretch:
        return Stretch(reader, subject, self.decode, idle_check=self._idle, patience=self._patience)


def _is_anew(event: Recorded, known: int) -> bool:
    """Whether an event, and all before it, was brought back after a follower had come to `known`."""
    return event.restored and event.previous < known < event.sequence - 1
