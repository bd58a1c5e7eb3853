"""The stream of live deltas lies in memory: a restarted server has none until the operator makes it again.

Until then clients get facts and the deltas that are sent meanwhile, and nobody is sent away.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response

from contracts.events import REGISTERED, UPCASTERS, ConversationStarted
from contracts.live import Delta
from contracts.registry import Registry
from edge_rest import health
from eventlog import service
from eventlog.admin.declare import StreamSettings, keep_live
from eventlog.admin.permissions import OPERATOR
from eventlog.author import Author
from eventlog.broker import Broker
from eventlog.jetstream import JetStreamLog
from eventlog.live import JetStreamLive
from eventlog.probe import shortcoming
from eventlog.settings import NatsSettings
from eventlog.streams import NO_LIVE

WAIT_SECONDS = 20
LIVE_BYTES = 1 << 21
NEVER = 3600.0


def settings(server: Any, user: str) -> NatsSettings:
    return NatsSettings(url=server.address, user=user, password=user, idle_check=NEVER)


@asynccontextmanager
async def broker_of(server: Any, user: str) -> AsyncIterator[Broker]:
    broker = Broker(settings(server, user), user)
    await service.connect(broker)
    try:
        yield broker
    finally:
        await broker.stop()


def delta(index: int) -> Delta:
    return Delta(run_id="r", attempt=1, index=index, kind="token", data="x")


async def restarted(server: Any, *brokers: Broker) -> None:
    """Kill nats-server and start it again, until everybody is connected."""
    connected = [asyncio.Event() for _ in brokers]
    for broker, event in zip(brokers, connected, strict=True):
        broker.interruptions.listen(event.set)
    server.kill()
    server.start()
    await asyncio.gather(*(event.wait() for event in connected))


async def told(broker: Broker) -> tuple[Any, Any, str]:
    """What /readyz and an edge's /health say, each with 200, and the metric of live deltas."""
    edge = FastAPI()
    edge.include_router(health.router(broker, "edge-ws", []))
    routes: dict[str, Any] = dict(service.health_routes(broker, "edge-ws", []))

    async def get(path: str) -> Response:
        async with AsyncClient(
            transport=ASGITransport(routes.get(path, edge)), base_url="http://e"
        ) as client:
            return (await client.get(path)).raise_for_status()

    ready, healthy, metrics = [await get(path) for path in ("/readyz", "/health", "/metrics")]
    (live,) = re.findall(r"^parley_live_deltas (\S+)$", metrics.text, re.MULTILINE)
    return ready.json(), healthy.json(), live


async def test_without_live_deltas_go_on_and_services_start(own_nats: Any) -> None:
    async with (
        asyncio.timeout(WAIT_SECONDS),
        broker_of(own_nats, "edge-ws") as edge,
        broker_of(own_nats, "agent-runner") as runner,
    ):
        hears, speaks = (JetStreamLive(broker, settings(own_nats, "any")) for broker in (edge, runner))
        async with hears.listen("talk") as deltas:
            await speaks.publish("talk", delta(0))
            assert await anext(deltas) == delta(0)
            await restarted(own_nats, edge, runner)
            assert await shortcoming(edge) == NO_LIVE
            assert await service.problems(edge, "edge-ws") == []
            lacking = {"degraded": [NO_LIVE]}
            assert await told(edge) == ({"status": "ready"} | lacking, {"status": "healthy"} | lacking, "0.0")
            await speaks.publish("talk", delta(2))  # a gap that nothing can fill
            assert await anext(deltas) == delta(2)
        assert await hears.kept("talk") == []
        async with hears.listen("another") as deltas, broker_of(own_nats, "history-store"):
            await speaks.publish("another", delta(0))
            assert await anext(deltas) == delta(0)


async def test_the_operator_makes_it_again_as_it_was(own_nats: Any) -> None:
    wanted = StreamSettings(live_bytes=LIVE_BYTES)
    async with (
        asyncio.timeout(WAIT_SECONDS),
        broker_of(own_nats, OPERATOR) as operator,
        broker_of(own_nats, "edge-ws") as edge,
        broker_of(own_nats, "agent-runner") as runner,
    ):
        hears, speaks = (JetStreamLive(broker, settings(own_nats, "any")) for broker in (edge, runner))
        keeping = asyncio.create_task(keep_live(operator, wanted))
        async with hears.listen("talk") as deltas:
            for index in range(3):
                await speaks.publish("talk", delta(index))
                assert await anext(deltas) == delta(index)
            await restarted(own_nats, operator, edge, runner)
            while await shortcoming(edge):
                await asyncio.sleep(0.02)
            assert await told(edge) == ({"status": "ready"}, {"status": "healthy"}, "1.0")
            edge.interruptions.announce()  # what comes now is lost to the follower, and kept
            await speaks.publish("talk", delta(3))
            assert await anext(deltas) == delta(3), "the new stream counts from 1 again"
        info = await operator.client.jetstream().stream_info("LIVE")
        assert info.config.max_bytes == LIVE_BYTES
        await operator.client.jetstream().delete_stream("LIVE")
        operator.interruptions.announce()
        while await shortcoming(edge):
            await asyncio.sleep(0.02)
        keeping.cancel()


async def test_followers_of_the_log_wake_as_soon_as_it_is_there_again(own_nats: Any) -> None:
    async with (
        asyncio.timeout(WAIT_SECONDS),
        broker_of(own_nats, "edge-ws") as edge,
        broker_of(own_nats, OPERATOR) as operator,
    ):
        registry = Registry(REGISTERED, UPCASTERS)
        follows = JetStreamLog(edge, registry, settings(own_nats, "edge-ws"))
        async with follows.follow("talk", after=0) as events:
            waiting = asyncio.ensure_future(anext(events))
            await edge.client.flush()
            await restarted(own_nats, operator)
            appends = JetStreamLog(operator, registry, settings(own_nats, OPERATOR))
            begun = ConversationStarted(responder_name="agent-runner", protocol="octo")
            await appends.append([Author(source="test").envelope("talk", begun)], expected=0)
            assert (await waiting).event == begun
