"""Who is told one address with credentials gets on with servers that it hears of later."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from eventlog.broker import Broker
from eventlog.settings import NatsSettings

WAIT_SECONDS = 60


@pytest.mark.cluster
async def test_a_server_that_was_only_heard_of_takes_the_credentials_of_the_url(
    start_nats: Callable[[Path, int], AbstractContextManager[list[Any]]], tmp_path: Path
) -> None:
    with start_nats(tmp_path, 3) as (first, *others):
        broker = Broker(NatsSettings(url=first.url), "test")
        again = asyncio.Event()
        broker.interruptions.listen(again.set)
        await broker.reach()
        first.kill()
        async with asyncio.timeout(WAIT_SECONDS):
            await again.wait()
        await broker.client.flush()
        connected = broker.client.connected_url
        await broker.stop()
    assert connected
    assert connected.port in {each.port for each in others}
    assert connected.username is None


async def test_a_token_lets_in(nats_configured_by: Callable[[str], Any]) -> None:
    server = nats_configured_by('authorization { token: "t,ken" }')
    broker = Broker(NatsSettings(url=f"nats://t%2Cken@127.0.0.1:{server.port}"), "test")
    await broker.reach()
    await broker.client.flush()
    await broker.stop()
