"""How work comes to who answers it: at once, once, as much as there are places for, and to nobody for two."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import pytest

from contracts.envelope import Recorded
from contracts.events import (
    REGISTERED,
    UPCASTERS,
    ConversationStarted,
    MessageReceived,
    RunCompleted,
    RunStarted,
)
from contracts.registry import Registry
from eventlog import service
from eventlog.admin.permissions import OPERATOR
from eventlog.author import Author
from eventlog.broker import Broker
from eventlog.jetstream import JetStreamLog
from eventlog.settings import NatsSettings
from eventlog.streams import WrongStream, declare
from eventlog.turns import work
from eventlog.turns.deliveries import Deliveries
from eventlog.turns.progress import Progress, Turn
from eventlog.turns.responder import Responder
from eventlog.turns.work import Held, WorkQueue

WAIT_SECONDS = 30
AUTHOR = Author(source="test")
RESPONDER = "quote-engine"
OPENING = ConversationStarted(responder_name=RESPONDER, protocol="quote")
CROWD = 1100


@pytest.fixture
async def patient_nats(own_nats: Any) -> Any:
    """A server that gives nobody's work to another as long as a test goes on, be the machine ever so slow."""
    settings = NatsSettings(url=own_nats.address, user=OPERATOR, password=OPERATOR)
    broker = Broker(settings, "test")
    await broker.start()
    await declare(broker.client, log_bytes=1 << 30, live_bytes=1 << 26, takeover_after=2 * WAIT_SECONDS)
    await broker.stop()
    return own_nats


class Taken:
    """Holds what it takes."""

    heads: ClassVar[dict[str, int]] = {}

    def __init__(self, places: int) -> None:
        self.places = places
        self.held: list[Held] = []
        self._came = asyncio.Event()

    @property
    def free(self) -> int:
        return self.places - len(self.held)

    def take(self, held: Held) -> None:
        self.held.append(held)
        self._came.set()

    async def come(self, count: int) -> list[Held]:
        while len(self.held) < count:
            self._came.clear()
            await self._came.wait()
        return self.held

    async def done(self, queue: WorkQueue) -> None:
        for held in self.held:
            await held.done()
        self.held.clear()
        queue.wake()


@asynccontextmanager
async def log_of(server: Any, user: str) -> AsyncIterator[tuple[Broker, JetStreamLog]]:
    settings = NatsSettings(url=server.address, user=user, password=user)
    broker = Broker(settings, user)
    await service.connect(broker)
    try:
        yield broker, JetStreamLog(broker, Registry(REGISTERED, UPCASTERS), settings)
    finally:
        await broker.stop()


@asynccontextmanager
async def pulling(broker: Broker, log: JetStreamLog, taken: Taken) -> AsyncIterator[WorkQueue]:
    queue = WorkQueue(broker, log, RESPONDER)
    await queue.start(taken)
    try:
        yield queue
    finally:
        await queue.stop()


async def say(log: JetStreamLog, conversation: str, count: int = 1) -> None:
    events = [OPENING, *(MessageReceived(addressee=RESPONDER, text="x", protocol="quote"),) * count]
    envelopes = [AUTHOR.envelope(conversation, event) for event in events]
    tail = 0
    for start in range(0, len(envelopes), 1000):
        tail = (await log.append(envelopes[start : start + 1000], expected=tail))[-1].sequence


async def consumer(broker: Broker) -> Any:
    """What the server says about the responder's consumer."""
    return await broker.client.jetstream().consumer_info("LOG", RESPONDER)


async def test_no_message_waits_for_a_poll_and_none_comes_twice(
    patient_nats: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "EXPIRES_SECONDS", 0.4)
    monkeypatch.setattr(work, "HEARTBEAT_SECONDS", 0.1)
    ended = asyncio.Event()
    told = WorkQueue._told

    def hear(queue: WorkQueue, stream: int, headers: dict[str, str]) -> None:
        told(queue, stream, headers)
        if headers["Status"] == "408":
            ended.set()

    monkeypatch.setattr(WorkQueue, "_told", hear)
    async with (
        asyncio.timeout(WAIT_SECONDS),
        log_of(patient_nats, OPERATOR) as (_, writer),
        log_of(patient_nats, RESPONDER) as (broker, log),
        pulling(broker, log, taken := Taken(4)) as queue,
    ):
        for number in range(6):
            await say(writer, f"talk {number}")
            (held,) = await taken.come(1)
            assert held.delivery == 1
            await taken.done(queue)
            if number % 2:  # quiet, until a request has ended with nothing
                ended.clear()
                await ended.wait()
        await broker.client.flush()
        info = await consumer(broker)
        assert (info.delivered.consumer_seq, info.num_redelivered, info.num_pending) == (6, 0, 0)


async def test_a_process_takes_no_more_than_it_has_places_for_and_another_takes_the_rest(
    patient_nats: Any,
) -> None:
    async with (
        asyncio.timeout(WAIT_SECONDS),
        log_of(patient_nats, OPERATOR) as (_, writer),
        log_of(patient_nats, RESPONDER) as (broker, log),
    ):
        for number in range(8):
            await say(writer, f"talk {number}")
        async with pulling(broker, log, first := Taken(2)) as queue:
            await first.come(2)
            async with (
                log_of(patient_nats, RESPONDER) as (beside, beside_log),
                pulling(beside, beside_log, other := Taken(3)),
            ):
                await other.come(3)
                info = await consumer(broker)
                assert (info.num_ack_pending, info.num_pending) == (5, 3)
                await first.done(queue)
                await first.come(2)
                assert {held.sequence for held in first.held}.isdisjoint(held.sequence for held in other.held)
                info = await consumer(broker)
                assert (info.num_ack_pending, info.num_pending, info.num_redelivered) == (5, 1, 0)


async def test_work_comes_again_after_nats_has_restarted(own_nats: Any) -> None:
    async with (
        asyncio.timeout(WAIT_SECONDS),
        log_of(own_nats, OPERATOR) as (operator, writer),
        log_of(own_nats, RESPONDER) as (broker, log),
        pulling(broker, log, taken := Taken(4)),
    ):
        back = asyncio.Event()
        operator.interruptions.listen(back.set)
        own_nats.kill()
        own_nats.start()
        await back.wait()
        await say(writer, "talk")
        await taken.come(1)


async def test_a_responder_without_a_consumer_does_not_start(own_nats: Any) -> None:
    async with (
        asyncio.timeout(WAIT_SECONDS),
        log_of(own_nats, OPERATOR) as (operator, _),
        log_of(own_nats, RESPONDER) as (broker, log),
    ):
        await operator.client.jetstream().delete_consumer("LOG", RESPONDER)
        with pytest.raises(WrongStream, match="consumer quote-engine: consumer not found; run: "):
            await WorkQueue(broker, log, RESPONDER).start(Taken(1))


class Echo(Responder[Any]):
    """Answers whatever is said, but in one conversation not before it may."""

    def __init__(self, log: JetStreamLog) -> None:
        super().__init__(log, Known, concurrent=2)
        self.held_up = "crowded"
        self.go = asyncio.Event()

    async def _turn(self, memory: "Known", work: Recorded) -> Turn:
        oldest = await self._next(memory, work.conversation)
        return memory.progress.turn(work, oldest)

    async def _next(self, memory: "Known", conversation: str) -> Recorded | None:
        start = await self._log.last(conversation, ConversationStarted.type)
        memory.progress = Progress(start, await self._log.last(conversation, "run.>"))
        return await self._log.next(conversation, "message.>", after=memory.progress.answered)

    async def _run(self, memory: "Known", work: Recorded, again: bool) -> None:
        if work.conversation == self.held_up:
            await self.go.wait()
        run: dict[str, Any] = {"run_id": work.id, "message_sequence": work.sequence}
        events = [RunStarted(**run), RunCompleted(**run, text="x")]
        envelopes = [AUTHOR.envelope(work.conversation, event) for event in events]
        await self._log.append(envelopes, expected=await self._log.tail(work.conversation))


class Known:
    def __init__(self) -> None:
        self.progress = Progress(None, None)
        self.waiting = ()

    def knows(self, run: Recorded) -> bool:
        return True


class Nobody:
    async def give_up(self, work: Recorded, attempt: int, reason: str) -> None:
        raise AssertionError(reason)


async def behind(broker: Broker) -> float:
    """How many messages wait behind others of their conversation here, as the metrics say."""
    text = (await broker.metrics.exposition()).decode()
    (line,) = [line for line in text.splitlines() if line.startswith("parley_queue_behind{")]
    return float(line.split()[-1])


async def test_a_thousand_messages_in_one_conversation_hold_no_other_up(patient_nats: Any) -> None:
    async with (
        asyncio.timeout(WAIT_SECONDS),
        log_of(patient_nats, OPERATOR) as (_, writer),
        log_of(patient_nats, RESPONDER) as (broker, _),
    ):
        echo = Echo(writer)
        deliveries = Deliveries(echo, Nobody(), takeover_after=2, places=2)
        await say(writer, "crowded", CROWD)
        await say(writer, "beside")
        async with pulling(broker, writer, deliveries) as queue:  # type: ignore[arg-type]  # it takes as well
            deliveries._changed = queue.wake
            async with writer.follow("beside", after=0) as events:
                async for event in events:
                    if isinstance(event.event, RunCompleted):
                        break
            while (await consumer(broker)).num_pending or (await consumer(broker)).num_ack_pending > 1:
                await asyncio.sleep(0.01)
            assert await behind(broker) == CROWD - 1
            info = await consumer(broker)
            assert (info.num_ack_pending, info.num_pending, info.num_redelivered) == (1, 0, 0)
        echo.stop()
        echo.go.set()
        await deliveries._drain()
