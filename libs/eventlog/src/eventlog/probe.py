"""Liveness and readiness: readiness publishes and reads for real, on the disk the log lies on.

That may go well while the log itself takes nothing: after a write that failed, nats-server refuses that
stream in silence. So what became of this process's own appends counts as well.
"""

import asyncio

from nats.js.errors import NotFoundError

from contracts.subjects import LIVE_STREAM, PROBE_STREAM
from eventlog import sharding
from eventlog.broker import Broker
from eventlog.outage import OUTAGE
from eventlog.ports import LogError
from eventlog.streams import NO_LIVE

PROBE_TIMEOUT_SECONDS = 2.0
NEARLY_FULL = 0.98
UNCONFIRMED_SECONDS = 30.0
"""For so long an append without an answer is held against the log; then somebody may try again."""


async def problem(broker: Broker, service: str) -> str | None:
    """What keeps the log from taking and giving back this service's events, or None.

    Every wait is bounded by two seconds.
    """
    jetstream = broker.client.jetstream(timeout=PROBE_TIMEOUT_SECONDS)
    subject = f"probe.{service}"
    try:
        ack = await jetstream.publish(subject, b"", timeout=PROBE_TIMEOUT_SECONDS)
        await jetstream.get_msg(PROBE_STREAM, subject=subject)
        names = map(sharding.name, range(broker.streams))
        infos = await asyncio.gather(*map(jetstream.stream_info, names))
    except (LogError, *OUTAGE) as error:
        return f"the log does not answer: {error or type(error).__name__}"
    if ack.stream != PROBE_STREAM:
        return f"probe went to stream {ack.stream}"
    for info in infos:
        limit = info.config.max_bytes
        if limit and limit > 0 and info.state.bytes >= NEARLY_FULL * limit:
            return f"the log is full: {info.state.bytes} of {limit} bytes"
    since = broker.unconfirmed
    if since is not None and asyncio.get_running_loop().time() - since < UNCONFIRMED_SECONDS:
        return "the log does not confirm what is appended; the disk of nats-server may be full"
    return None


async def shortcoming(broker: Broker) -> str | None:
    """What clients have to do without while all else works, or None: deltas, where LIVE is missing."""
    try:
        await broker.client.jetstream(timeout=PROBE_TIMEOUT_SECONDS).stream_info(LIVE_STREAM)
    except NotFoundError:
        return NO_LIVE
    except OUTAGE as error:
        return f"stream {LIVE_STREAM} does not answer: {error or type(error).__name__}"
    return None
