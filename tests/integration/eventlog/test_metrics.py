"""The figures that need trouble to move, on a real server; `test_telemetry` has those of a talk."""

import asyncio
import re
from typing import Any
from uuid import uuid4

import pytest
from nats.js.api import AckPolicy, ConsumerConfig

from chassis.metrics import Metrics, ProjectionMetrics
from contracts import subjects
from contracts.envelope import Recorded
from contracts.events import ConversationStarted, MessageReceived, RunCompleted, RunFailed, RunStarted
from contracts.live import Delta
from eventlog.author import Author
from eventlog.broker import Broker
from eventlog.jetstream import JetStreamLog
from eventlog.live import JetStreamLive
from eventlog.memory import MemoryLog
from eventlog.ports import Conflict
from eventlog.settings import NatsSettings
from eventlog.turns import backlog
from eventlog.turns.dead_letters import DeadLetter, put
from eventlog.turns.inbox import Inbox
from history_store.projection import Projection
from history_store.projector import Projector

AUTHOR = Author("test")
OPENING = ConversationStarted(responder_name="agent-runner", protocol="agent")


async def figure(metrics: Metrics, name: str) -> float:
    """The value of one line of what Prometheus reads."""
    shown = (await metrics.exposition()).decode()
    (value,) = re.findall(rf"^{re.escape(name)} (\S+)$", shown, re.MULTILINE)
    return float(value)


async def test_conflicts(broker: Broker, log: JetStreamLog, conversation: str) -> None:
    await log.append([AUTHOR.envelope(conversation, OPENING)], expected=0)
    assert await figure(broker.metrics, "parley_append_conflicts_total") == 0
    with pytest.raises(Conflict):
        await log.append([AUTHOR.envelope(conversation, OPENING)], expected=0)
    assert await figure(broker.metrics, "parley_append_conflicts_total") == 1
    assert await figure(broker.metrics, "parley_append_seconds_count") == 2


async def test_dead_letters(broker: Broker, conversation: str) -> None:
    letter = DeadLetter(
        service="test", conversation=conversation, sequence=1, event_id=str(uuid4()), reason="a test"
    )
    await put(broker, letter, timeout_seconds=5)
    assert await figure(broker.metrics, "parley_dead_letters_total") == 1


async def test_runs_takeovers_and_first_tokens(broker: Broker, log: JetStreamLog, conversation: str) -> None:
    metrics, live = broker.metrics, JetStreamLive(broker, NatsSettings())
    message = MessageReceived(addressee="agent-runner", text="hello", protocol="agent")
    tail = (await Inbox(log, AUTHOR).receive(conversation, message, OPENING)).sequence

    async def append(event: Any) -> None:
        nonlocal tail
        (stored,) = await log.append([AUTHOR.envelope(conversation, event)], expected=tail)
        tail = stored.sequence

    facts = {"run_id": "r", "message_sequence": tail}
    await append(RunStarted(**facts))
    await append(RunStarted(**facts, attempt=2))
    assert await figure(metrics, "parley_takeovers_total") == 1
    assert await figure(metrics, "parley_first_token_seconds_count") == 0
    for index in range(3):
        delta = Delta(run_id="r", attempt=2, index=index, kind="token", data="a")
        await live.publish(conversation, delta)
    assert await figure(metrics, "parley_first_token_seconds_count") == 1
    await append(RunCompleted(**facts, attempt=2, text="aaa"))
    assert await figure(metrics, 'parley_turns_total{outcome="completed"}') == 1
    assert await figure(metrics, "parley_run_seconds_count") == 1
    await append(RunStarted(**facts | {"run_id": "s"}))
    await append(RunFailed(**facts | {"run_id": "s"}, error="it failed"))
    assert await figure(metrics, 'parley_turns_total{outcome="failed"}') == 1


async def test_delta_lag(broker: Broker, conversation: str) -> None:
    live = JetStreamLive(broker, NatsSettings())
    async with live.listen(conversation) as deltas:
        for index in range(2):  # the first may be read from the stream, where no time is taken
            delta = Delta(run_id="r", attempt=1, index=index, kind="token", data="a")
            await live.publish(conversation, delta)
            assert await anext(deltas) == delta
    assert await figure(broker.metrics, "parley_delta_lag_seconds_count") == 1


async def test_what_waits(
    broker: Broker, log: JetStreamLog, conversation: str, nats_settings: NatsSettings
) -> None:
    responder = f"responder-{uuid4()}"

    async def told(by: Broker) -> dict[str, float]:
        names = ("depth", "pending", "behind", "held")
        values = {name: f'parley_queue_{name}{{responder="{responder}"}}' for name in names}
        return {name: await figure(by.metrics, line) for name, line in values.items()}

    async def until(expected: dict[str, float]) -> None:
        """The consumer hears of a message a moment after its sender."""
        async with asyncio.timeout(30):
            while await told(broker) != expected:
                await asyncio.sleep(0.01)

    heads: dict[str, int] = {}
    other = Broker(nats_settings, "other")
    await other.start()
    backlog.measure(broker, log, responder, lambda: heads)
    backlog.measure(other, log, responder, dict)
    config = ConsumerConfig(
        durable_name=responder, filter_subject=subjects.work_for(responder), ack_policy=AckPolicy.EXPLICIT
    )
    await broker.client.jetstream().add_consumer(subjects.LOG_STREAM, config)
    message = MessageReceived(addressee=responder, text="hello", protocol="agent")
    opening = ConversationStarted(responder_name=responder, protocol="agent")
    inbox = Inbox(log, AUTHOR)
    first = await inbox.receive(conversation, message, opening)
    await until({"depth": 1, "pending": 1, "behind": 0, "held": 0})
    work = await broker.client.jetstream().pull_subscribe_bind(responder, subjects.LOG_STREAM)
    (delivered,) = await work.fetch(1, timeout=30)
    assert await told(broker) == {"depth": 0, "pending": 0, "behind": 0, "held": 1}
    heads[conversation] = first.sequence
    for _ in range(3):
        await inbox.receive(conversation, message, opening)
    await until({"depth": 3, "pending": 3, "behind": 0, "held": 1})
    for elsewhere in await work.fetch(2, timeout=30):
        await elsewhere.ack_sync()
    assert await told(broker) == {"depth": 3, "pending": 1, "behind": 2, "held": 1}, (
        "who was told does not answer them"
    )
    assert await told(other) == {"depth": 1, "pending": 1, "behind": 0, "held": 1}, (
        "it has not that conversation"
    )
    await delivered.ack_sync()
    assert await told(other) == {"depth": 1, "pending": 1, "behind": 0, "held": 0}
    await other.stop()


async def test_projection_lag() -> None:
    log, metrics = MemoryLog(), Metrics()
    counted = ProjectionMetrics(metrics.registry)

    async def keep(_: Recorded, __: str) -> None:
        """Nothing is given up here."""

    projector = Projector(lambda: log, None, keep, counted, outage_patience=1)  # type: ignore[arg-type]  # not asked
    projection = Projection(lambda: log, lambda _: projector, counted)
    await log.append([AUTHOR.envelope("c", OPENING)], expected=0)
    await projection.measure()
    assert await figure(metrics, "parley_history_lag_events") == 1
    projector.position = 1
    await projection.measure()
    assert await figure(metrics, "parley_history_lag_events") == 0
