"""A log of several streams: how it is declared, worked on, projected, and come to from one of one stream."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from tests.told import told

from chassis.metrics import ProjectionMetrics
from contracts.envelope import Recorded
from contracts.events import (
    REGISTERED,
    UPCASTERS,
    CheckpointSaved,
    ConversationStarted,
    Event,
    MessageReceived,
    RunCompleted,
    RunStarted,
)
from contracts.events.checkpoint import Blob
from contracts.queries import SessionsQuery
from contracts.registry import Registry
from eventlog import service, sharding, streams
from eventlog.admin.erasing import purge_subject
from eventlog.admin.permissions import OPERATOR
from eventlog.admin.porter import Porter
from eventlog.admin.spreading import NotNow, spread
from eventlog.author import Author
from eventlog.broker import Broker
from eventlog.jetstream import JetStreamLog
from eventlog.ports import Unavailable
from eventlog.settings import NatsSettings
from eventlog.streams import WrongStream, declare
from eventlog.turns.inbox import Inbox
from eventlog.turns.work import Held, WorkQueue
from history_store.answers import Answers
from history_store.comparison import Outcome
from history_store.projection import Projection
from history_store.projector import Projector
from history_store.rebuild import rebuild, second
from history_store.store import Store

WAIT_SECONDS = 60
AUTHOR = Author(source="test")
RESPONDER = "agent-runner"
OPENING = ConversationStarted(responder_name=RESPONDER, graph="chat", protocol="agent")
KEYS = [f"talk {number} 대화" for number in range(24)]
SIZES: dict[str, Any] = {"log_bytes": 1 << 30, "live_bytes": 1 << 26}


def settings_of(url: str) -> NatsSettings:
    return NatsSettings(url=url, user=OPERATOR, password=SecretStr(OPERATOR))


@dataclass
class House:
    broker: Broker
    settings: NatsSettings
    log: JetStreamLog
    store: Store
    projection: Projection
    answers: Answers

    async def say(self, key: str, text: str, turns: int = 2, *, answered: bool = True) -> None:
        """A message, and its run with as many checkpoints as there are turns."""
        message = MessageReceived(addressee=RESPONDER, text=text, protocol="agent", message_id=text)
        receipt = await Inbox(self.log, AUTHOR).receive(key, message, OPENING)
        if not answered:
            return
        place: dict[str, Any] = {"run_id": receipt.run_id, "message_sequence": receipt.sequence}
        saved: list[Event] = [
            CheckpointSaved(
                checkpoint_id=f"{text}-{number}",
                base=receipt.sequence,
                header={},
                metadata=Blob(format="json", data="e30="),
                changed={},
            )
            for number in range(turns)
        ]
        facts = [RunStarted(**place), *saved, RunCompleted(**place, text=f"answer to {text}")]
        await self.log.append([AUTHOR.envelope(key, fact) for fact in facts], expected=receipt.sequence)

    async def verified(self) -> Outcome:
        for position in await self.log.positions():
            await self.projection.reached(position, timeout_seconds=WAIT_SECONDS)
        async with second(self.store) as beside:
            return await rebuild(self.log, self.store, beside, verify=True, say=lambda _: None)


@asynccontextmanager
async def house(url: str, folder: Path) -> AsyncIterator[House]:
    settings = settings_of(url)
    broker = Broker(settings, "test")
    store = Store(f"sqlite+aiosqlite:///{folder / 'history.db'}")
    metrics = ProjectionMetrics(CollectorRegistry())

    async def give_up(event: Recorded, reason: str) -> None:
        raise AssertionError(reason)

    def log() -> JetStreamLog:
        return JetStreamLog(broker, Registry(REGISTERED, UPCASTERS), settings)

    projection = Projection(
        log,
        lambda stream: Projector(log, store, give_up, metrics, outage_patience=10, stream=stream),
        metrics,
    )
    async with AsyncExitStack() as stack:
        await service.connect(broker)
        stack.push_async_callback(broker.stop)
        stack.push_async_callback(store.close)
        await store.prepare(broker.streams)
        task = asyncio.create_task(projection.run())
        try:
            yield House(broker, settings, log(), store, projection, Answers(store))
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


@asynccontextmanager
async def operator(url: str) -> AsyncIterator[Broker]:
    broker = Broker(settings_of(url), "test")
    await broker.reach()
    try:
        yield broker
    finally:
        await broker.stop()


async def test_no_event_is_looked_for_in_a_stream_that_it_is_not_in(own_nats: Any, tmp_path: Path) -> None:
    async with operator(own_nats.address) as broker:
        await declare(broker.client, streams=2, **SIZES)
        assert await streams.check(broker.client) == 2
        await declare(broker.client, streams=3, **SIZES)
        assert await streams.check(broker.client) == 3
        async with house(own_nats.address, tmp_path) as here:
            await here.say("talk", "hello")
        await declare(broker.client, streams=3, **SIZES)
        with pytest.raises(WrongStream, match="is 4, and the log has 3: stop Parley, run parley spread 4"):
            await declare(broker.client, streams=4, **SIZES)
        with pytest.raises(WrongStream, match="is 1, and the log has 3: there is no way back to fewer"):
            await declare(broker.client, streams=1, **SIZES)
        assert await streams.check(broker.client) == 3


async def test_lists_and_tables_are_those_of_all_streams(own_nats: Any, tmp_path: Path) -> None:
    async with operator(own_nats.address) as broker:
        await declare(broker.client, streams=3, **SIZES)
    async with asyncio.timeout(WAIT_SECONDS), house(own_nats.address, tmp_path) as here:
        for key in KEYS:
            await here.say(key, "hello")
        await here.say(KEYS[3], "again")
        assert {sharding.stream_of(key, 3) for key in KEYS} == {0, 1, 2}

        outcome = await here.verified()

        assert (outcome.differences, outcome.examples) == (0, [])
        assert outcome.events == outcome.position == 6 * len(KEYS) + 5
        listed = await here.answers.sessions(SessionsQuery(limit=100))
        wanted = [KEYS[3], *reversed([key for key in KEYS if key != KEYS[3]])]
        assert [session.key for session in listed.sessions] == wanted
        assert await here.projection.problem() is None


class Taken:
    """Holds what it takes."""

    def __init__(self, places: int) -> None:
        self.places = places
        self.held: list[Held] = []
        self.came = asyncio.Condition()

    @property
    def free(self) -> int:
        return self.places - len(self.held)

    @property
    def heads(self) -> dict[str, int]:
        return {}

    def take(self, held: Held) -> None:
        self.held.append(held)
        assert self.free >= 0


async def metric(broker: Broker, name: str) -> float:
    text = (await broker.metrics.exposition()).decode()
    return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith(f"{name}{{"))


@pytest.mark.parametrize("places", [1, 2, 7])
async def test_work_of_all_streams_comes_to_few_places_once_each(
    own_nats: Any, tmp_path: Path, places: int
) -> None:
    async with operator(own_nats.address) as broker:
        await declare(broker.client, streams=3, takeover_after=2 * WAIT_SECONDS, **SIZES)
    async with asyncio.timeout(WAIT_SECONDS), house(own_nats.address, tmp_path) as here:
        for key in KEYS:
            await here.say(key, "hello", answered=False)
        taken = Taken(places)
        queue = WorkQueue(here.broker, here.log, RESPONDER)
        await queue.start(taken)
        assert await metric(here.broker, "parley_queue_pending") >= len(KEYS) - places
        done: list[Recorded] = []
        while len(done) < len(KEYS):
            await asyncio.sleep(0)
            for held in [*taken.held]:
                done.append(await held.work())
                await held.done()
                taken.held.remove(held)
                queue.wake()
        await queue.stop()

        assert Counter(work.conversation for work in done) == Counter(KEYS)
        assert await metric(here.broker, "parley_queue_pending") == 0


async def test_what_a_silent_process_held_comes_to_another(own_nats: Any, tmp_path: Path) -> None:
    async with operator(own_nats.address) as broker:
        await declare(broker.client, streams=3, takeover_after=0.5, **SIZES)
    async with asyncio.timeout(WAIT_SECONDS), house(own_nats.address, tmp_path) as here:
        for key in KEYS:
            await here.say(key, "hello", answered=False)
        silent, other = Taken(40), Taken(200)
        first = WorkQueue(here.broker, here.log, RESPONDER)
        await first.start(silent)
        while {sharding.stream_at(held.sequence) for held in silent.held} != {0, 1, 2}:
            await asyncio.sleep(0.01)
        await first.stop()
        lost = {held.sequence for held in silent.held}
        queue = WorkQueue(here.broker, here.log, RESPONDER)
        await queue.start(other)
        while not lost <= {held.sequence for held in other.held if held.delivery > 1}:
            await asyncio.sleep(0.01)
        await queue.stop()


async def lines(here: House, keys: Sequence[str]) -> dict[str, list[str]]:
    return {key: await told(here.log, key) for key in keys}


async def test_the_log_is_laid_over_more_streams_and_no_event_changes(own_nats: Any, tmp_path: Path) -> None:
    url = own_nats.address
    async with asyncio.timeout(WAIT_SECONDS), house(url, tmp_path) as here:
        for key in KEYS:
            await here.say(key, "hello")
        await here.say(KEYS[0], "long", turns=1500 // 2)
        await here.say(KEYS[5], "waits", answered=False)
        before, told = await here.verified(), await lines(here, KEYS)
        assert not before.differences

    async with asyncio.timeout(WAIT_SECONDS), operator(url) as broker:
        moved = await spread(broker, settings_of(url), 3)
        with pytest.raises(NotNow, match="the log has 3 streams"):
            await spread(broker, settings_of(url), 2)
        await declare(broker.client, streams=3, **SIZES)

    assert moved == sum(sharding.stream_of(key, 3) > 0 for key in KEYS)
    async with asyncio.timeout(WAIT_SECONDS), house(url, tmp_path) as here:
        assert await lines(here, KEYS) == told
        for key in KEYS:
            (first, *_) = [event async for event in here.log.read(key)]
            assert sharding.stream_at(first.sequence) == sharding.stream_of(key, 3)
        await here.say(KEYS[1], "goes on")
        after = await here.verified()
        assert not after.differences
        assert after.events == before.events + 5
        changed = dict(after.digests).items() ^ dict(before.digests).items()
        assert {key for key, _ in changed} == {KEYS[1]}


async def test_who_is_cut_off_while_it_moves_begins_again_and_nobody_works_meanwhile(
    own_nats: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = own_nats.address
    async with asyncio.timeout(WAIT_SECONDS), house(url, tmp_path) as here:
        for key in KEYS:
            await here.say(key, "hello")
        told = await lines(here, KEYS)
    restore, purge = Porter.restore, purge_subject

    for step in range(6):
        count = 0

        async def cut_off(*arguments: Any, step: int = step, **options: Any) -> Any:
            nonlocal count
            count += 1
            if count == step + 1:
                if step % 2:
                    await (restore if "cut" in options else purge)(*arguments, **options)
                raise Unavailable("cut off")
            return await (restore if "cut" in options else purge)(*arguments, **options)

        monkeypatch.setattr(Porter, "restore", cut_off)
        monkeypatch.setattr("eventlog.admin.spreading.purge_subject", cut_off)
        async with asyncio.timeout(WAIT_SECONDS), operator(url) as broker:
            with pytest.raises(Unavailable, match="cut off"):
                await spread(broker, settings_of(url), 3)
            with pytest.raises(WrongStream, match="is being moved into 3 streams; run: parley spread 3"):
                await service.connect(broker)
            with pytest.raises(NotNow, match="being moved into 3"):
                await spread(broker, settings_of(url), 4)
    monkeypatch.undo()
    async with asyncio.timeout(WAIT_SECONDS), operator(url) as broker:
        await spread(broker, settings_of(url), 3)
        await declare(broker.client, streams=3, **SIZES)
    async with asyncio.timeout(WAIT_SECONDS), house(url, tmp_path) as here:
        assert await lines(here, KEYS) == told
        assert (await here.verified()).differences == 0


async def test_nothing_moves_while_a_service_runs(own_nats: Any, tmp_path: Path) -> None:
    async with asyncio.timeout(WAIT_SECONDS), house(own_nats.address, tmp_path) as here:
        await here.say("talk", "hello")
        await service.answer_pings(here.broker, "edge-ws")
        async with operator(own_nats.address) as broker:
            with pytest.raises(NotNow, match="stop Parley first, all but nats-server: edge-ws answers"):
                await spread(broker, here.settings, 2)
            assert await streams.check(broker.client) == 1


async def led_by(broker: Broker, stream: str, server: str) -> None:
    """Let a stream be led by a server."""
    wanted = json.dumps({"placement": {"preferred": server}}).encode()
    while True:
        told = await broker.client.request(f"$JS.API.STREAM.INFO.{stream}", b"{}", timeout=5)
        if json.loads(told.data)["cluster"].get("leader") == server:
            return
        await broker.client.request(f"$JS.API.STREAM.LEADER.STEPDOWN.{stream}", wanted, timeout=5)
        await asyncio.sleep(0.2)


async def answering(log: JetStreamLog) -> None:
    """Wait until each stream has a leader."""
    while True:
        try:
            await log.positions()
        except Unavailable:
            continue  # it has waited
        return


@pytest.mark.cluster
async def test_each_of_three_servers_leads_a_stream_and_every_order_is_kept(
    start_nats: Any, tmp_path: Path
) -> None:
    with start_nats(tmp_path / "nats", 3, streams=3) as servers:
        url = ",".join(server.address for server in servers)
        async with asyncio.timeout(2 * WAIT_SECONDS), house(url, tmp_path) as here:
            await asyncio.gather(*(here.say(key, text) for key in KEYS for text in ["hello"]))
            jetstream = here.broker.client.jetstream()
            infos = [await jetstream.stream_info(sharding.name(stream)) for stream in range(3)]
            assert all(info.config.num_replicas == 3 for info in infos)
            assert sum(info.state.messages for info in infos) == 6 * len(KEYS)
            wanted = Counter(sharding.stream_of(key, 3) for key in KEYS)
            assert [info.state.messages for info in infos] == [6 * wanted[stream] for stream in range(3)]
            names = [f"n{server.port}" for server in servers]
            for stream, name in enumerate(names):
                await led_by(here.broker, sharding.name(stream), name)
            servers[0].kill()
            await answering(here.log)
            await asyncio.gather(*(here.say(key, "again") for key in KEYS))
            for key in KEYS:
                events = [event async for event in here.log.read(key)]
                assert [event.previous for event in events[1:]] == [event.sequence for event in events[:-1]]
                assert len(events) == 11
            assert (await here.verified()).differences == 0
