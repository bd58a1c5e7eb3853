"""Lays the log over more streams, while no service runs.

Whatever is in another stream from then on is written out of the one that it was in, and appended to its new
one as a conversation is that comes back from the archive: the same events, at other positions. The old ones
are purged once the new ones are there.

Whoever is cut off begins again, and nothing is twice: until the end `streams.MOVING` in the metadata of LOG
says what is moved, which keeps every service out.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from contracts import subjects
from contracts.envelope import ID
from contracts.events import ConversationArchived
from eventlog import service, sharding
from eventlog.admin.erasing import purge_subject
from eventlog.admin.permissions import USERS
from eventlog.admin.portable import Line, read
from eventlog.admin.porter import Porter
from eventlog.appending import MAX_BATCH
from eventlog.archived import ArchiveIndex
from eventlog.broker import Broker
from eventlog.ports import LogError, Unavailable
from eventlog.settings import NatsSettings
from eventlog.stored import LogReader, StreamReader
from eventlog.streams import MOVING, laid_over, lay_over, log_info

AT_ONCE: Final = 8
_LAGS: Final = "{}: replicas lag behind the leader; run it again"


class NotNow(LogError):
    """The log cannot be laid over more streams at this moment; the text says what to do first."""


async def spread(
    broker: Broker, settings: NatsSettings, streams: int, tell: Callable[[int], None] = lambda _: None
) -> int:
    """Lay the log over so many streams; how many conversations moved.

    Args:
        tell: is told how many have moved, again and again.

    Raises:
        NotNow: if it has as many already, a service runs, or something waits that names positions.
        LogError: if the log does not do it; the same call goes on with it.
    """
    config = await log_info(broker.client, 0)
    had, begun = _planned(config.get("metadata", {}).get(MOVING), laid_over(config, moving=True), streams)
    broker.streams = streams
    async with _as_it_was(settings, had) as source:
        old = LogReader(source.client, had, settings.request_timeout)
        if not begun:
            await _check(broker, settings, old, streams)
        await lay_over(broker.client, streams, had, {MOVING: f"{had} {streams}"})
        mover = _Mover(
            old,
            Porter(source, settings),
            LogReader(broker.client, streams, settings.request_timeout),
            Porter(broker, settings),
        )
        moved = await mover.move(tell)
    await lay_over(broker.client, streams, streams, {})
    return moved


def _planned(mark: str | None, has: int, streams: int) -> tuple[int, bool]:
    """How many streams the log had, and whether it is being moved already."""
    if mark is not None:
        had, wanted = map(int, mark.split())
        if wanted != streams:
            raise NotNow(f"the log is being moved into {wanted} streams; run: parley spread {wanted}")
        return had, True
    if not has < streams <= sharding.MAX_STREAMS:
        raise NotNow(
            f"the log has {has} streams, and may get more, up to {sharding.MAX_STREAMS}; not {streams}"
        )
    return has, False


@asynccontextmanager
async def _as_it_was(settings: NatsSettings, streams: int) -> AsyncIterator[Broker]:
    """A connection by which the log is read as it was."""
    source = Broker(settings, "parley-spread")
    await source.reach()
    source.streams = streams
    try:
        yield source
    finally:
        await source.stop()


async def _check(broker: Broker, settings: NatsSettings, old: LogReader, streams: int) -> None:
    """Make sure that nobody appends, and that nothing outside of the conversations names positions."""
    names = [user.name for user in USERS]
    if running := set(names) - set(await service.absent(broker, names)):
        raise NotNow(f"stop Parley first, all but nats-server: {', '.join(sorted(running))} answers")
    under_way = bool(await ArchiveIndex(broker.client, settings.request_timeout).returning())
    for reader in old.streams:
        under_way |= await reader.last(subjects.facts(ConversationArchived.type)) is not None
    if under_way:
        raise NotNow(
            "conversations are on their way to the archive or back: run parley archive --quiet-days 3650"
        )
    dead = StreamReader(broker.client, subjects.DEAD_STREAM, settings.request_timeout)
    for shard, _ in _leaving(len(old.streams), streams):
        if await dead.last(f"dead.*.{shard}.>"):
            raise NotNow("there are dead letters of conversations that move: see parley dead list")


def _leaving(had: int, streams: int) -> Iterator[tuple[str, int]]:
    """The shards that get another stream, and which one they were in."""
    for stream in range(had):
        for shard in sorted({*sharding.shards_of(stream, had)} - {*sharding.shards_of(stream, streams)}):
            yield shard, stream


class _Mover:
    """Moves conversations."""

    def __init__(self, old: LogReader, source: Porter, new: LogReader, target: Porter) -> None:
        self._old = old
        self._source = source
        self._new = new
        self._target = target

    async def move(self, tell: Callable[[int], None]) -> int:
        """Move all that are not in their stream; how many."""
        moved = 0
        places = asyncio.Semaphore(AT_ONCE)

        async def one(key: str) -> None:
            nonlocal moved
            async with places:
                await self._move(key)
            moved += 1
            tell(moved)

        for shard, stream in _leaving(len(self._old.streams), len(self._new.streams)):
            reader, subject = self._old.streams[stream], subjects.shard_subjects(shard)
            stored = reader.range(subject, after=0)
            keys = dict.fromkeys([subjects.key_of(each.subject) async for each in stored])
            try:
                async with asyncio.TaskGroup() as tasks:
                    for key in keys:
                        tasks.create_task(one(key))
            except ExceptionGroup as problems:
                raise problems.exceptions[0] from None
            if await reader.last(subject):
                raise Unavailable(_LAGS.format(subject))
        return moved

    async def _move(self, key: str) -> None:
        subject = subjects.conversation(key)
        reader = self._old.of(key)
        newest = await reader.last(subject)
        if newest is None:
            return
        _, events = read([line async for line in self._source.write(key)])
        if not events or events[-1].sequence != newest.sequence:
            raise Unavailable(_LAGS.format(subject))
        there = {stored.headers[ID] async for stored in self._new.of(key).range(subject, after=0)}
        if not {line.headers[ID] for line in events} <= there:
            await self._target.restore(key, events, cut=_cut)
        await purge_subject(reader, reader.stream, subject, until=newest.sequence)


def _cut(events: Sequence[Line]) -> Iterator[Sequence[Line]]:
    """Anywhere, since nobody looks before all is there."""
    for start in range(0, len(events), MAX_BATCH):
        yield events[start : start + MAX_BATCH]
