"""The operator's service: it declares, tells how full the streams are, and purges what was deleted."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from nats.aio.msg import Msg
from prometheus_client import CollectorRegistry
from pydantic import ValidationError

from chassis.metrics import StreamMetrics
from contracts import queries, subjects
from contracts.events import REGISTERED, UPCASTERS, ConversationDeleted, ConversationStarted, MessageReceived
from contracts.queries import SessionFound
from contracts.registry import Registry
from eventlog.admin.declare import StreamSettings, size
from eventlog.admin.keeper import Keeper
from eventlog.author import Author
from eventlog.broker import Broker
from eventlog.jetstream import JetStreamLog
from eventlog.ports import LogError
from eventlog.settings import NatsSettings

AUTHOR = Author("test")
LATER = timedelta(days=1)
LARGE = 3 << 20


@asynccontextmanager
async def projected(broker: Broker) -> AsyncIterator[None]:
    """Somebody who answers as a projection does that has seen everything."""

    async def answer(question: Msg) -> None:
        await question.respond(SessionFound(session=None).model_dump_json().encode())

    subscription = await broker.client.subscribe(subjects.query(queries.SESSION), cb=answer)
    yield
    await subscription.unsubscribe()


@pytest.fixture
async def own_broker(own_nats: Any) -> AsyncIterator[Broker]:
    broker = Broker(NatsSettings(url=own_nats.url), "operator")
    await broker.start()
    yield broker
    await broker.stop()


async def said(log: JetStreamLog, key: str, text: str = "x") -> None:
    events = [
        ConversationStarted(responder_name="nobody", protocol="agent"),
        MessageReceived(addressee="nobody", text=text, protocol="agent"),
    ]
    await log.append([AUTHOR.envelope(key, each) for each in events], expected=await log.tail(key))


async def deleted(log: JetStreamLog, key: str) -> None:
    await log.append([AUTHOR.envelope(key, ConversationDeleted())], expected=await log.tail(key))


async def texts(log: JetStreamLog, key: str) -> list[str]:
    return [each.event.text async for each in log.read(key) if isinstance(each.event, MessageReceived)]


async def test_what_was_deleted_long_enough_ago_goes_for_good(own_nats: Any, own_broker: Broker) -> None:
    settings = NatsSettings(url=own_nats.url)
    log = JetStreamLog(own_broker, Registry(REGISTERED, UPCASTERS), settings)
    keeper = Keeper(own_broker, settings, StreamSettings(), LATER)
    await said(log, "kept")
    await said(log, "gone", "가" * LARGE)
    await deleted(log, "gone")
    await said(log, "again", "before")
    await deleted(log, "again")
    await said(log, "again", "after")
    bucket = await own_broker.client.jetstream().object_store(subjects.PAYLOAD_BUCKET)
    assert len(await bucket.list()) == 1

    await keeper.purge_deleted(datetime.now(UTC) - LATER)  # none is so old
    assert await log.tail("gone")
    with pytest.raises(LogError):  # nobody tells that the projections have seen the deletion
        await keeper.purge_deleted(datetime.now(UTC))
    assert await log.tail("gone")
    async with projected(own_broker):
        await keeper.purge_deleted(datetime.now(UTC))
    assert await log.tail("gone") == 0
    assert (await texts(log, "kept"), await texts(log, "again")) == (["x"], ["after"])
    info = await own_broker.client.jetstream().stream_info(f"OBJ_{subjects.PAYLOAD_BUCKET}")
    assert info.state.bytes < LARGE
    await deleted(log, "again")  # the log goes on


async def test_how_full_the_streams_are_can_be_seen(own_nats: Any, own_broker: Broker) -> None:
    settings = NatsSettings(url=own_nats.url)
    log = JetStreamLog(own_broker, Registry(REGISTERED, UPCASTERS), settings)
    registry = CollectorRegistry()
    metrics = StreamMetrics(registry)
    keeper = Keeper(own_broker, settings, StreamSettings(), LATER)
    await said(log, "a")
    await keeper.measure(metrics)
    info = json.loads(
        (await own_broker.client.request(f"$JS.API.STREAM.INFO.{subjects.LOG_STREAM}", b"{}", timeout=5)).data
    )
    labels = {"stream": subjects.LOG_STREAM}
    assert registry.get_sample_value("parley_stream_messages", labels) == 2
    assert registry.get_sample_value("parley_stream_bytes", labels) == info["state"]["bytes"]
    assert registry.get_sample_value("parley_stream_limit_bytes", labels) == info["config"]["max_bytes"]


async def test_it_goes_on_until_the_streams_are_declared(own_nats: Any, own_broker: Broker) -> None:
    wrong = StreamSettings(replicas=3)  # one server cannot keep three
    keeper = Keeper(own_broker, NatsSettings(url=own_nats.url), wrong, LATER)
    keeping = asyncio.create_task(keeper.keep())
    try:
        async with asyncio.timeout(10):
            while keeper.trouble == "has not begun":
                await asyncio.sleep(0.01)
        assert "replicas" in (keeper.trouble or "")
    finally:
        keeping.cancel()


def test_the_log_takes_half_of_what_the_rest_leaves_of_the_store() -> None:
    gib = 1 << 30
    assert (size("80GB"), size("20GiB"), size("1k"), size("7")) == (80 * gib, 20 * gib, 1000, 7)
    assert StreamSettings(file_store="80GB").share == 39 * gib
    assert StreamSettings(file_store="80GB", log_bytes=5).share == 5
    assert StreamSettings().share == 8 * gib
    for wrong in ("2GB", "much"):
        with pytest.raises(ValidationError):
            StreamSettings(file_store=wrong)
