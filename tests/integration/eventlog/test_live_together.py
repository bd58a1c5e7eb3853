"""Deltas that leave together arrive as they were sent, each conversation's in its own order."""

import asyncio
from typing import Any

from contracts.live import Delta
from eventlog.broker import Broker
from eventlog.live import JetStreamLive
from eventlog.settings import NatsSettings

SOON = 20
COUNT = 100


async def test_what_many_runs_say_at_once_arrives_in_order(
    broker: Broker, nats_settings: NatsSettings, conversation: str
) -> None:
    live = JetStreamLive(broker, nats_settings)

    async def say(key: str) -> None:
        for index in range(COUNT):
            await live.publish(key, Delta(run_id=key, attempt=1, index=index, kind="token", data=index))
            if index % 7 == 0:
                await asyncio.sleep(0)

    async def hear(deltas: Any) -> list[int]:
        return [(await anext(deltas)).index for _ in range(COUNT)]

    keys = [f"{conversation} {number}" for number in range(3)]
    async with (
        live.listen(keys[0]) as first,
        live.listen(keys[1]) as second,
        live.listen(keys[2]) as third,
        asyncio.timeout(SOON),
    ):
        heard = asyncio.gather(*map(hear, (first, second, third)))
        await asyncio.gather(*map(say, keys))
        assert await heard == [list(range(COUNT))] * 3
