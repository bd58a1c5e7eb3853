"""What nats-server holds of many conversations, before they are archived, after, and when some return.

``python bench/archive.py FOLDER fill|archive|return [--conversations N] [--seconds S]``: each part goes on
where it was cut off, on the data in FOLDER, and prints what nats-server takes. It restarts the server before
it measures, since a Go heap shrinks late.
"""

import argparse
import asyncio
import contextlib
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

from faststream.nats import NatsRouter
from prometheus_client import CollectorRegistry
from tests.ports import free_port

from chassis.metrics import ProjectionMetrics
from conftest import NatsServer, declared
from contracts import subjects
from contracts.envelope import ID, Recorded
from contracts.events import (
    REGISTERED,
    UPCASTERS,
    ConversationStarted,
    MessageReceived,
    NodeCompleted,
    RunCompleted,
    RunStarted,
)
from contracts.queries import RETURN, Return, Returned
from contracts.registry import Registry
from eventlog.admin import archive as archiving
from eventlog.admin.archive import Archive
from eventlog.admin.portable import read
from eventlog.admin.storage import Storage
from eventlog.archived import ArchiveIndex
from eventlog.author import Author, derived_id
from eventlog.broker import Broker
from eventlog.jetstream import JetStreamLog
from eventlog.ports import Conflict
from eventlog.settings import NatsSettings
from eventlog.turns.work import EXPIRES_SECONDS
from history_store.handlers import router
from history_store.projector import Projector
from history_store.store import Store

TURNS = 2
FILLING_AT_ONCE = 64
ONE_IN = 100
WORK_AT_ONCE = 500
TEXT = "A sentence that somebody has said, or an answer to it, of a usual length. " * 4


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


@contextlib.contextmanager
def server(folder: Path) -> Iterator[NatsServer]:
    folder.mkdir(parents=True, exist_ok=True)
    found = NatsServer(free_port(), folder, sync="2m")
    found.start()
    try:
        asyncio.run(declared(found.url, 1))
        yield found
    finally:
        process = found.process
        if process:
            process.terminate()
            process.wait()


def figures(running: NatsServer, archive: Path) -> str:
    """What a server that has just started takes, and how much is in the archive."""
    assert running.process
    status = Path(f"/proc/{running.process.pid}/status").read_text()
    memory = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    disk = int(
        subprocess.run(
            ["/usr/bin/du", "-sk", running.folder], capture_output=True, check=True
        ).stdout.split()[0]
    )
    files = sum(each.stat().st_size for each in archive.rglob("*.gz"))
    return (
        f"nats-server: {memory / 1024:,.0f} MB resident, {disk / 1024:,.0f} MB on disk; "
        f"archive: {files / 1e6:,.0f} MB"
    )


@contextlib.asynccontextmanager
async def installation(
    url: str, folder: Path
) -> AsyncIterator[tuple[Broker, JetStreamLog, Archive, Projector]]:
    """A log, its projection and the operator's archive."""
    settings = NatsSettings(url=url, request_timeout=20, append_deadline=60)
    broker, store = Broker(settings, "operator"), Store(f"sqlite+aiosqlite:///{folder / 'history.db'}")
    registry = Registry(REGISTERED, UPCASTERS)

    async def give_up(event: Recorded, reason: str) -> None:
        raise RuntimeError(f"event {event.sequence}: {reason}")

    projector = Projector(
        lambda: JetStreamLog(broker, registry, settings),
        store,
        give_up,
        ProjectionMetrics(CollectorRegistry()),
        outage_patience=60,
        archived=lambda: ArchiveIndex(broker.client, 20),
    )
    broker.include_router(router(store, projector, query_wait=60))
    routes = NatsRouter()
    found: list[Archive] = []

    @routes.subscriber(subjects.query(RETURN), max_workers=8)
    async def bring_back(question: Return) -> Returned:
        return Returned(events=await found[0].bring_back(question.conversation))

    broker.include_router(routes)
    await broker.start()
    await store.prepare()
    task = asyncio.create_task(projector.run())
    try:
        found.append(Archive(broker, settings, Storage(str(folder / "archive"))))
        yield broker, JetStreamLog(broker, registry, settings), found[0], projector
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await store.close()
        await broker.stop()


async def fill(log: JetStreamLog, count: int, until: float) -> None:
    author = Author("bench")
    places = asyncio.Semaphore(FILLING_AT_ONCE)
    done = 0

    async def one(number: int) -> None:
        nonlocal done
        key = f"conversation-{number}"
        async with places:
            if time.monotonic() > until:
                return
            tail = 0
            for turn in range(TURNS):
                first = tail + 1  # only the distances matter here
                run = derived_id(key, str(turn))
                message = MessageReceived(
                    addressee="agent-runner", text=TEXT, protocol="agent", message_id=f"{turn}"
                )
                place = {"run_id": run, "message_sequence": first}
                events = [author.envelope(key, message, event_id=run)]
                if not turn:
                    started = ConversationStarted(responder_name="agent-runner", protocol="agent")
                    events.insert(0, author.envelope(key, started))
                try:
                    tail = (await log.append(events, expected=tail))[-1].sequence
                except Conflict:
                    return  # filled before
                place["message_sequence"] = tail
                facts = (
                    RunStarted(**place),
                    NodeCompleted(**place, node="answer", step=1, update={"messages": TEXT}),
                    RunCompleted(**place, text=TEXT),
                )
                tail = (await log.append([author.envelope(key, fact) for fact in facts], expected=tail))[
                    -1
                ].sequence
            done += 1

    begun = time.monotonic()
    await asyncio.gather(*(one(number) for number in range(count)))
    say(f"filled {done} in {time.monotonic() - begun:.0f} s; the log ends at {await log.position()}")


@contextlib.asynccontextmanager
async def answering(broker: Broker) -> AsyncIterator[None]:
    """Take all work, and ask for more as long as this lasts, as services do.

    Whenever something is purged, the server counts what is left for each consumer, from where that stands on;
    it stands at the end only while somebody asks.
    """
    js = broker.client.jetstream()
    names = [consumer.name for consumer in await js.consumers_info(subjects.LOG_STREAM)]

    async def take(name: str) -> None:
        work = await js.pull_subscribe_bind(name, subjects.LOG_STREAM)
        while True:
            with contextlib.suppress(TimeoutError):
                for message in await work.fetch(WORK_AT_ONCE, timeout=EXPIRES_SECONDS):
                    await message.ack()

    async def left(name: str) -> int:
        found = await js.consumer_info(subjects.LOG_STREAM, name)
        return (found.num_pending or 0) + (found.num_ack_pending or 0)

    tasks = [asyncio.create_task(take(name)) for name in names]
    try:
        while any([await left(name) for name in names]):  # noqa: ASYNC110 - no event tells of it
            await asyncio.sleep(1)
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def sweep(archive: Archive, until: float) -> bool:
    """Archive for as long as there is time; whether all is done."""
    begun, count = time.monotonic(), 0
    await archive.resume()
    put_away = archive.put_away

    async def counted(quiet: object) -> int:
        nonlocal count
        if time.monotonic() > until:
            raise TimeoutError
        count += (found := await put_away(quiet))  # type: ignore[arg-type]  # as it is called
        return found

    archive.put_away = counted  # type: ignore[method-assign]  # only to count and to stop
    try:
        await archive.sweep(timedelta())
    except TimeoutError:
        return False
    finally:
        seconds = time.monotonic() - begun
        say(f"archived {count} in {seconds:.0f} s, {1000 * seconds / max(count, 1):.1f} ms each")
    return True


async def come_back(log: JetStreamLog, archive: Archive, count: int) -> None:
    """Ask for one in so many, and compare what comes back with its file, whose digest is checked."""
    times = []
    for number in range(0, count, ONE_IN):
        key = f"conversation-{number}"
        lines = await archive.lines(key)
        if lines is None:
            continue  # it has come back before
        begun = time.perf_counter()
        await log.tail(key)
        times.append(time.perf_counter() - begun)
        kept = [line.headers[ID] for line in read(lines)[1]]
        if [event.id async for event in log.read(key)] != kept:
            raise RuntimeError(f"{key} is not what was archived")
    times.sort()
    say(
        f"{len(times)} came back whole: {1000 * times[len(times) // 2]:.1f} ms at p50, "
        f"{1000 * times[int(len(times) * 0.99)]:.1f} at p99"
    )


async def main(url: str, folder: Path, part: str, count: int, seconds: float) -> None:
    until = time.monotonic() + seconds
    async with installation(url, folder) as (broker, log, archive, projector):
        if part == "fill":
            await fill(log, count, until)
        elif part == "archive":
            await projector.reached(await log.position(), timeout_seconds=600)
            async with answering(broker):
                done = await sweep(archive, until)
            say("all is archived" if done else "not all is archived yet: once more")
        else:
            await come_back(log, archive, count)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("part", choices=["fill", "archive", "return"])
    arguments.add_argument("--conversations", type=int, default=100_000)
    arguments.add_argument("--seconds", type=float, default=500)
    given = arguments.parse_args()
    setattr(archiving, "LEAST_QUIET", timedelta())  # noqa: B010 - it is final for everybody else
    with server(given.folder / "nats") as running:
        asyncio.run(main(running.url, given.folder, given.part, given.conversations, given.seconds))
    with server(given.folder / "nats") as running:
        say(figures(running, given.folder / "archive"))
