"""The stream of live deltas lies in memory; a server that restarts has none until somebody makes it again."""

import asyncio

from nats.js.errors import NotFoundError

from contracts.live import Delta
from eventlog import service
from eventlog.broker import Broker
from eventlog.live import JetStreamLive
from eventlog.settings import NatsSettings


async def test_live_is_there_again_for_those_who_stayed_and_those_who_come(own_nats: object) -> None:
    settings = NatsSettings(url=own_nats.url)  # type: ignore[attr-defined]  # of the root conftest
    stayed = Broker(settings, "stayed")
    await service.connect(stayed)
    own_nats.kill()  # type: ignore[attr-defined]  # as above
    own_nats.start()  # type: ignore[attr-defined]  # as above
    live = JetStreamLive(stayed, settings)
    async with asyncio.timeout(20):
        while True:
            try:
                await stayed.client.jetstream().stream_info("LIVE")
                break
            except (NotFoundError, TimeoutError, OSError):
                await asyncio.sleep(0.05)
    delta = Delta(run_id="r", attempt=1, index=0, kind="token", data="x")
    async with live.listen("after", replay=True) as deltas:
        await live.publish("after", delta)
        async with asyncio.timeout(20):
            assert await anext(deltas) == delta
    late = Broker(settings, "late")
    await service.connect(late)
    await late.stop()
    await stayed.stop()
