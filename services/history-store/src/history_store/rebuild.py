"""Builds a second set of tables from the log, beside the live ones, and compares or swaps them.

The live projection goes on meanwhile, and is at the end of the log afterwards, wherever it was.
`digests` tells what is the same on every machine.
"""

import asyncio
import gc
import sys
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Final, TypeAlias

from sqlalchemy import delete, insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.settings import WrongSetting, load
from contracts.envelope import Recorded
from contracts.events import REGISTERED, SHOWN, UPCASTERS
from contracts.registry import Registry
from eventlog import service
from eventlog.archived import ArchiveIndex
from eventlog.broker import Broker
from eventlog.jetstream import JetStreamLog
from eventlog.ports import Log, LogError
from eventlog.settings import NatsSettings
from eventlog.sharding import offset, stream_at
from history_store.archived import list_archived
from history_store.comparison import BATCH, Outcome, chunks, compare, digest
from history_store.database import is_poison
from history_store.lineage import strayed
from history_store.settings import HistorySettings
from history_store.store import Moved, Store, lock, put, stand_of, take_over
from history_store.tables import ROWS

BATCHES_AHEAD: Final = 3
SILENCE_SECONDS: Final = 5
VERIFICATIONS: Final = 5
"""How often it is compared when conversations go to the archive, or come back, meanwhile."""
_PROGRESS_SECONDS: Final = 2.0
_SCHEMA: Final = "parley_rebuild"

Say: TypeAlias = Callable[[str], None]
"""Tells one line of progress, such as ``120 of 4000, 900 events/s``."""


async def rebuild(
    log: Log, live: Store, beside: Store, *, verify: bool, say: Say, archived: ArchiveIndex | None = None
) -> Outcome:
    """Build `beside` from the log and what is `archived`; compare it with `live`, or let it take its place.

    Raises:
        Moved: if the live tables belong to another release.
        LogError: if the log does not answer.
    """
    for _ in range(VERIFICATIONS):
        outcome = Outcome()
        stood = await archived.position() if archived else 0
        await beside.prepare(log.streams, afresh=True)
        for stream in range(log.streams):
            await beside.sign((await log.state(stream)).made, stream)
        if not verify:
            await _build(log, beside, await log.positions(), outcome, say)
            if archived:
                await list_archived(archived, beside)
            await digest(beside, outcome)
            await _swap(log, live, beside, archived, say)
            break
        stands = [await live.position(stream) for stream in range(log.streams)]
        await _build(log, beside, stands, outcome, say)
        await _verify(log, live, beside, archived, outcome, say)
        if not outcome.differences or archived is None or stood == await archived.position():
            break
        say("conversations were archived or came back meanwhile: once more")
    return outcome


async def _build(log: Log, beside: Store, until: Sequence[int], outcome: Outcome, say: Say) -> None:
    """Project the log behind what `beside` has, each stream up to a position."""
    outcome.position = sum(map(offset, until))
    begun = told = time.monotonic() - outcome.seconds
    done = 0

    def progress(after: int) -> None:
        nonlocal told
        now = time.monotonic()
        if now - told > _PROGRESS_SECONDS:
            told = now
            rate = outcome.events / (now - begun)
            say(f"{done + after} of {outcome.position}, {rate:,.0f} events/s")

    for end in until:
        await _build_stream(log, beside, end, outcome, progress)
        done += offset(end)
    outcome.seconds = time.monotonic() - begun


async def _build_stream(
    log: Log, beside: Store, until: int, outcome: Outcome, progress: Callable[[int], None]
) -> None:
    """Project one stream; reading and writing overlap."""
    after = await beside.position(stream_at(until))
    ready: asyncio.Queue[list[Recorded] | None] = asyncio.Queue(BATCHES_AHEAD)

    async def read() -> None:
        async with aclosing(_events(log, after, until)) as batches:
            async for batch in batches:
                await ready.put(batch)
        await ready.put(None)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(read())
        while batch := await ready.get():
            await _apply(beside, batch, after)
            outcome.digests.add_events(batch)
            after = batch[-1].sequence
            outcome.events += len(batch)
            progress(offset(after))


async def _events(log: Log, after: int, until: int) -> AsyncGenerator[list[Recorded], None]:
    """The events of a stream with ``after < sequence <= until`` in large batches."""
    stream = stream_at(until)
    gathered: list[Recorded] = []
    while after < (
        until := min(until, await log.position(stream))
    ):  # the last ones may have gone from the log
        async with log.follow_all(after=after) as batches:
            while after < until:
                try:
                    async with asyncio.timeout(SILENCE_SECONDS):
                        batch = await anext(batches)
                except TimeoutError:
                    break
                after = batch[-1].sequence
                gathered += [event for event in batch if event.sequence <= until]
                if len(gathered) >= BATCH:
                    yield gathered
                    gathered = []
    if gathered:
        yield gathered


async def _apply(beside: Store, batch: Sequence[Recorded], after: int) -> None:
    """Apply a batch; an event that cannot be projected is left out, as the live projector leaves it out."""
    try:
        await beside.apply(batch, after=after)
    except Exception as error:
        if not is_poison(error):
            raise
        if len(batch) == 1:
            await beside.skip(batch[0], after=after)
            return
        for event in batch:
            await _apply(beside, [event], after)
            after = event.sequence


async def _verify(
    log: Log, live: Store, beside: Store, archived: ArchiveIndex | None, outcome: Outcome, say: Say
) -> None:
    async with live.reading() as found:
        stands = [await stand_of(found, stream) for stream in range(log.streams)]
        for stand in stands:
            if why := await strayed(log, stand):
                outcome.differ(why)
        await _build(log, beside, [stand.sequence for stand in stands], outcome, say)
        if archived:
            await list_archived(archived, beside)
        async with beside.reading() as expected:
            for table in ROWS:
                await compare(table, found, expected, outcome)


async def _swap(log: Log, live: Store, beside: Store, archived: ArchiveIndex | None, say: Say) -> None:
    """Put the rebuilt tables in the place of the live ones, with what came into the log meanwhile."""
    async with live.writing() as connection:
        await lock(connection)
        await _build(log, beside, await log.positions(), Outcome(), say)
        if archived:
            await list_archived(archived, beside)
        stands = [await beside.stand(stream) for stream in range(log.streams)]
        if live.embedded:
            await _copy(beside, connection)
        else:
            await take_over(connection, beside)
        for stand in stands:
            await put(connection, stand)


async def _copy(beside: Store, connection: AsyncConnection) -> None:
    """Replace all rows."""
    async with beside.reading() as rebuilt:
        for table in ROWS:
            await connection.execute(delete(table))
            async for rows in chunks(rebuilt, table):
                await connection.execute(insert(table), rows)


@asynccontextmanager
async def second(live: Store) -> AsyncIterator[Store]:
    """A second, empty set of tables: a file beside SQLite's, a schema of its own in PostgreSQL."""
    if live.embedded:
        url = live.url.set(database=f"{live.url.database}.rebuild")
        store = Store(url.render_as_string(hide_password=False))
    else:
        store = Store(live.url.render_as_string(hide_password=False), schema=_SCHEMA)
    try:
        yield store
    finally:
        await store.remove()


async def run(*, verify: bool, say: Say) -> Outcome:
    """Rebuild as the environment is configured.

    Raises:
        WrongSetting, LogError, SQLAlchemyError, OSError: if it cannot be done.
    """
    nats, own = load(NatsSettings), load(HistorySettings)
    broker = Broker(nats, "history-rebuild")
    live = Store(own.url())
    try:
        await service.connect(broker)
        await live.prepare(broker.streams)
        log = JetStreamLog(broker, Registry(REGISTERED, UPCASTERS, unread=SHOWN), nats)
        async with second(live) as beside:
            index = ArchiveIndex(broker.client, nats.request_timeout)
            return await rebuild(log, live, beside, verify=verify, say=say, archived=index)
    finally:
        await live.close()
        await broker.stop()


def main(*, verify: bool, each: bool) -> None:
    """Rebuild, say how it went, `each` conversation too, and end with 0, or with 1 where live rows differ."""
    gc.freeze()  # else what the imports have made is looked through again and again: a sixth of the time
    try:
        outcome = asyncio.run(run(verify=verify, say=_tell))
    except* (WrongSetting, LogError, Moved, SQLAlchemyError, OSError, TimeoutError) as errors:
        sys.exit(f"cannot rebuild: {errors.exceptions[0] or type(errors.exceptions[0]).__name__}")
    rate = outcome.events / outcome.seconds if outcome.seconds else 0.0
    _say(f"{outcome.events} events in {outcome.seconds:.1f} s, {rate:,.0f} events/s")
    for key, told in outcome.digests if each else ():
        _say(f"sha256:{told}  {key}")
    _say(f"position {outcome.position}, digest sha256:{outcome.digests.of_all()}")
    for example in outcome.examples:
        _say(example)
    if outcome.differences:
        sys.exit(f"{outcome.differences} rows differ")
    _say("the live rows are those of the log" if verify else "the rebuilt rows are live")


def _tell(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
