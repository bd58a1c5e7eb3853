"""A log in memory with the same behaviour, for tests that are about something else."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from fnmatch import fnmatchcase

from contracts import subjects
from contracts.envelope import Envelope, Recorded
from contracts.live import Delta
from eventlog import sharding
from eventlog.codec import is_same, recorded, subject_of
from eventlog.ports import Conflict, LogState


class MemoryLog:
    """A `ports.Log` that forgets everything with the process; `made` tells it from others."""

    def __init__(self, made: str = "once", streams: int = 1) -> None:
        self.made = made
        self.streams = streams
        self._events: list[list[Recorded]] = [[] for _ in range(streams)]
        self._by_conversation: dict[str, list[Recorded]] = {}
        self._grown = asyncio.Condition()

    async def append(self, envelopes: Sequence[Envelope], *, expected: int) -> tuple[Recorded, ...]:
        """See `ports.Log.append`."""
        conversations = {envelope.conversation for envelope in envelopes}
        if len(conversations) != 1:
            raise ValueError(f"an append is for one conversation, not {len(conversations)}")
        conversation = conversations.pop()
        tail = await self.tail(conversation)
        if tail != expected:
            own = await self.next(conversation, ">", after=expected)
            if own is None or not is_same(own, envelopes[0]):
                raise Conflict(conversation, expected, tail)
            known = self._of(conversation)
            return tuple(known[known.index(own) :][: len(envelopes)])
        stream = sharding.stream_of(conversation, self.streams)
        first = await self.position(stream) + 1
        stored = tuple(
            recorded(envelope, first + offset, expected if offset == 0 else first + offset - 1)
            for offset, envelope in enumerate(envelopes)
        )
        async with self._grown:
            self._events[stream].extend(stored)
            self._by_conversation.setdefault(conversation, []).extend(stored)
            self._grown.notify_all()
        return stored

    async def tail(self, conversation: str) -> int:
        """See `ports.Log.tail`."""
        newest = await self.last(conversation, ">")
        return newest.sequence if newest else 0

    async def last(self, conversation: str, pattern: str) -> Recorded | None:
        """See `ports.Log.last`."""
        return next((e for e in reversed(self._of(conversation)) if _fits(e, pattern)), None)

    async def next(self, conversation: str, pattern: str, *, after: int) -> Recorded | None:
        """See `ports.Log.next`."""
        return next((e for e in self._of(conversation) if e.sequence > after and _fits(e, pattern)), None)

    async def count(self, conversation: str, pattern: str, *, after: int) -> int:
        """See `ports.Log.count`."""
        return sum(e.sequence > after and _fits(e, pattern) for e in self._of(conversation))

    async def position(self, stream: int = 0) -> int:
        """See `ports.Log.position`."""
        return sharding.beginning(stream) + len(self._events[stream])

    async def positions(self) -> tuple[int, ...]:
        """See `ports.Log.positions`."""
        return tuple([await self.position(stream) for stream in range(self.streams)])

    async def state(self, stream: int = 0) -> LogState:
        """See `ports.Log.state`."""
        return LogState(self.made, await self.position(stream))

    async def id_at(self, sequence: int) -> str | None:
        """See `ports.Log.id_at`."""
        events, number = self._at(sequence)
        return events[number - 1].id if 0 < number <= len(events) else None

    async def read(
        self, conversation: str, *, after: int = 0, until: int | None = None, pattern: str = ">"
    ) -> AsyncIterator[Recorded]:
        """See `ports.Log.read`."""
        for event in tuple(self._of(conversation)):
            if after < event.sequence and (not until or event.sequence <= until) and _fits(event, pattern):
                yield event

    @asynccontextmanager
    async def follow(self, conversation: str, *, after: int) -> AsyncIterator[AsyncIterator[Recorded]]:
        """See `ports.Log.follow`."""

        async def follow() -> AsyncIterator[Recorded]:
            stream = sharding.stream_of(conversation, self.streams)
            async for batch in self._follow(max(after, sharding.beginning(stream))):
                for event in batch:
                    if event.conversation == conversation:
                        yield event

        yield follow()

    @asynccontextmanager
    async def follow_all(
        self, *, after: int, limit: int = 500
    ) -> AsyncIterator[AsyncIterator[Sequence[Recorded]]]:
        """See `ports.Log.follow_all`."""

        async def follow() -> AsyncIterator[Sequence[Recorded]]:
            async for batch in self._follow(after):
                for start in range(0, len(batch), limit):
                    yield batch[start : start + limit]

        yield follow()

    def _of(self, conversation: str) -> list[Recorded]:
        return self._by_conversation.get(conversation, [])

    def _at(self, position: int) -> tuple[list[Recorded], int]:
        """The events of the stream that a position is of, and which of them it is, from 1 on."""
        stream = sharding.stream_at(position)
        return self._events[stream], position - sharding.beginning(stream)

    async def _follow(self, after: int) -> AsyncIterator[list[Recorded]]:
        events, done = self._at(after)
        while True:
            async with self._grown:
                while len(events) <= done:
                    await self._grown.wait()
            batch = events[done:]
            done += len(batch)
            yield batch


class MemoryLive:
    """A `live.Live` that keeps every delta."""

    def __init__(self) -> None:
        self._deltas: dict[str, list[Delta]] = {}
        self._grown = asyncio.Condition()

    async def publish(self, conversation: str, delta: Delta) -> None:
        """See `live.Live.publish`."""
        async with self._grown:
            self._deltas.setdefault(conversation, []).append(delta)
            self._grown.notify_all()

    @asynccontextmanager
    async def listen(self, conversation: str, *, replay: bool = False) -> AsyncIterator[AsyncIterator[Delta]]:
        """See `live.Live.listen`."""
        deltas = self._deltas.setdefault(conversation, [])
        begin = 0 if replay else len(deltas)

        async def listen(position: int) -> AsyncIterator[Delta]:
            while True:
                async with self._grown:
                    while len(deltas) <= position:
                        await self._grown.wait()
                yield deltas[position]
                position += 1

        yield listen(begin)

    async def kept(self, conversation: str) -> list[Delta]:
        """See `live.Live.kept`."""
        return list(self._deltas.get(conversation, ()))


def _fits(event: Recorded, pattern: str) -> bool:
    wanted = subjects.event(event.conversation, pattern).replace(">", "*")
    return pattern == ">" or fnmatchcase(subject_of(event), wanted)
