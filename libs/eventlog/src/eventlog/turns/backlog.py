"""How much work waits for a responder, as a metric."""

import asyncio
from collections.abc import Callable, Mapping

from eventlog.broker import Broker
from eventlog.ports import Log
from eventlog.streams import consumer_info


def measure(broker: Broker, log: Log, responder: str, heads: Callable[[], Mapping[str, int]]) -> None:
    """Let the metrics say how much work waits for a responder, and how much is held by any process.

    Args:
        heads: gives the conversations that are being answered in this process, and which message of each; to
            what waits behind these, whoever was told of it, comes what none has fetched yet.
    """
    metrics = broker.metrics

    async def refresh() -> None:
        info = await consumer_info(broker.client, responder)
        fetched = info["delivered"]["stream_seq"]
        behind = [_between(log, key, head, fetched) for key, head in heads().items()]
        metrics.queue_depth.labels(responder).set(info["num_pending"] + sum(await asyncio.gather(*behind)))
        metrics.queue_held.labels(responder).set(info["num_ack_pending"])

    metrics.before_reading(refresh)


async def _between(log: Log, conversation: str, after: int, until: int) -> int:
    """How many messages a conversation has in ``after < sequence <= until``."""
    behind = await log.count(conversation, "message.>", after=after)
    return behind and behind - await log.count(conversation, "message.>", after=max(after, until))
