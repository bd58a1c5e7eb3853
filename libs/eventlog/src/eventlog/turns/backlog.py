"""How much work waits for a responder, as metrics."""

import asyncio
from collections.abc import Callable, Mapping

from eventlog import sharding
from eventlog.broker import Broker
from eventlog.ports import Log
from eventlog.streams import consumer_info


def measure(broker: Broker, log: Log, responder: str, heads: Callable[[], Mapping[str, int]]) -> None:
    """Let the metrics say how much work waits for a responder, and how much is held by any process.

    What no process has fetched and what is held are facts of the server, which every process tells alike.
    What waits behind the conversations of this process, whoever was told of it, only this one tells. So what
    waits altogether is the largest `queue_pending` and the sum of every `queue_behind`; `queue_depth` is both
    of this process, and enough where there is one.

    Args:
        heads: gives the conversations that are being answered in this process, and which message of each.
    """
    metrics = broker.metrics

    async def refresh() -> None:
        consumers = (consumer_info(broker.client, responder, stream) for stream in range(log.streams))
        infos = await asyncio.gather(*consumers)
        pending = sum(info["num_pending"] for info in infos)
        metrics.queue_pending.labels(responder).set(pending)
        metrics.queue_held.labels(responder).set(sum(info["num_ack_pending"] for info in infos))
        fetched = [info["delivered"]["stream_seq"] for info in infos]
        behind = [
            _between(log, key, head, fetched[sharding.stream_at(head)]) for key, head in heads().items()
        ]
        waiting = sum(await asyncio.gather(*behind))
        metrics.queue_behind.labels(responder).set(waiting)
        metrics.queue_depth.labels(responder).set(pending + waiting)

    metrics.before_reading(refresh)


async def _between(log: Log, conversation: str, after: int, until: int) -> int:
    """How many messages a conversation has in ``after < sequence <= until``."""
    behind = await log.count(conversation, "message.>", after=after)
    return behind and behind - await log.count(conversation, "message.>", after=max(after, until))
