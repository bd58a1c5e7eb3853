"""The streams, declared by the operator's one-shot and checked by every service at its start."""

import json
import logging
from typing import Any, Final

from nats.aio.client import Client

from contracts import subjects
from eventlog.outage import OUTAGE
from eventlog.ports import LogError
from eventlog.stored import STREAM_NOT_FOUND

logger = logging.getLogger(__name__)

GIB: Final = 1 << 30
MINUTE_NS: Final = 60 * 1_000_000_000
LIVE_MINUTES: Final = 10
LIVE_BYTES: Final = GIB // 4
_TIMEOUT_SECONDS: Final = 10.0
_MEND: Final = "run: python -m eventlog.admin.declare"
RESPONDERS: Final = ("agent-runner", "quote-engine")
"""The services that take work from the log, each by a durable consumer of its name."""
TAKEOVER_SECONDS: Final = 2.0
NO_LIVE: Final = "stream LIVE is missing: clients get no deltas until the operator declares it"


class WrongStream(LogError):
    """A stream is missing or is not configured as the log needs it."""


def configurations(*, replicas: int, log_bytes: int, live_bytes: int) -> list[dict[str, Any]]:
    """The stream configurations; sizes in bytes."""
    return [
        {
            "name": subjects.LOG_STREAM,
            "subjects": [subjects.LOG_SUBJECTS],
            "storage": "file",
            "num_replicas": replicas,
            "retention": "limits",
            "discard": "new",
            "max_bytes": log_bytes,
            "max_age": 0,
            "deny_delete": True,
            "allow_direct": True,
            "allow_atomic": True,
            "duplicate_window": 2 * MINUTE_NS,
            "republish": {"src": subjects.LOG_SUBJECTS, "dest": f"{subjects.RECORDED_PREFIX}.>"},
        },
        {
            "name": subjects.LIVE_STREAM,
            "subjects": [subjects.LIVE_SUBJECTS],
            "storage": "memory",
            "num_replicas": replicas,  # what only one server has, nobody can follow once it is lost
            "retention": "limits",
            "discard": "old",
            "max_bytes": live_bytes,
            "max_age": LIVE_MINUTES * MINUTE_NS,
            "allow_direct": True,
        },
        {
            "name": subjects.DEAD_STREAM,
            "subjects": [subjects.DEAD_SUBJECTS],
            "storage": "file",
            "num_replicas": replicas,
            "retention": "limits",
            "discard": "new",
            "max_bytes": GIB,
            "allow_direct": True,
        },
        {
            "name": subjects.PROBE_STREAM,
            "subjects": ["probe.>"],
            "storage": "file",
            "num_replicas": replicas,
            "max_msgs_per_subject": 1,
            "max_bytes": 1 << 20,
            "discard": "old",
            "allow_direct": True,
        },
        {
            "name": subjects.ARCHIVE_STREAM,
            "subjects": [subjects.ARCHIVED_SUBJECTS, subjects.RETURNING_SUBJECTS],
            "storage": "file",
            "num_replicas": replicas,
            "max_msgs_per_subject": 1,
            "max_bytes": -1,
            "allow_direct": True,
        },
        {
            "name": subjects.PAYLOAD_STREAM,
            "subjects": [f"$O.{subjects.PAYLOAD_BUCKET}.C.>", f"$O.{subjects.PAYLOAD_BUCKET}.M.>"],
            "storage": "file",
            "num_replicas": replicas,
            "discard": "new",
            "max_bytes": log_bytes,
            "allow_rollup_hdrs": False,
            "allow_direct": True,
        },
    ]


async def declare(
    client: Client,
    *,
    replicas: int = 1,
    log_bytes: int = 8 * GIB,
    live_bytes: int = LIVE_BYTES,
    takeover_after: float = TAKEOVER_SECONDS,
) -> None:
    """Create the streams and the responders' consumers, or bring existing ones to this configuration.

    Args:
        takeover_after: seconds that the holder of a delivery may be silent before another gets it.

    Raises:
        WrongStream: if the server refuses, or keeps another configuration than it was given.
    """
    for wanted in configurations(replicas=replicas, log_bytes=log_bytes, live_bytes=live_bytes):
        existing = await _info(client, wanted["name"])
        if existing is not None and _difference(wanted, existing) is None:
            continue
        verb = "CREATE" if existing is None else "UPDATE"
        answer = await _api(client, f"STREAM.{verb}.{wanted['name']}", wanted)
        if error := answer.get("error"):
            raise WrongStream(f"stream {wanted['name']}: {error.get('description')}")
        _compare(wanted, answer["config"])
    for responder in RESPONDERS:
        await _declare_consumer(client, consumer(responder, takeover_after=takeover_after, replicas=replicas))


def consumer(responder: str, *, takeover_after: float, replicas: int) -> dict[str, Any]:
    """The configuration of the durable consumer by which a responder gets its work.

    How much is held at once is for those who hold it to bound: each takes what it has places for.
    """
    return {
        "name": responder,
        "durable_name": responder,
        "filter_subject": subjects.work_for(responder),
        "deliver_policy": "all",
        "ack_policy": "explicit",
        "replay_policy": "instant",
        "ack_wait": int(takeover_after * 1e9),
        "max_deliver": -1,
        "max_ack_pending": -1,
        "num_replicas": replicas,
    }


async def _declare_consumer(client: Client, wanted: dict[str, Any]) -> None:
    name = wanted["name"]
    answer = await _api(
        client,
        f"CONSUMER.CREATE.{subjects.LOG_STREAM}.{name}.{wanted['filter_subject']}",
        {"stream_name": subjects.LOG_STREAM, "config": wanted},
    )
    if error := answer.get("error"):
        raise WrongStream(f"consumer {name}: {error.get('description')}")


async def check_consumer(client: Client, responder: str) -> None:
    """Make sure that there is a responder's consumer.

    Raises:
        WrongStream: if there is none, or it is none of the responder's work.
    """
    info = await consumer_info(client, responder)
    found = info["config"].get("filter_subject")
    if found != (wanted := subjects.work_for(responder)):
        raise WrongStream(f"consumer {responder}: filter_subject is {found!r}, not {wanted!r}; {_MEND}")


async def consumer_info(client: Client, responder: str) -> dict[str, Any]:
    """What the server tells of a responder's consumer.

    Raises:
        WrongStream: if there is none, or the server does not answer.
    """
    answer = await _api(client, f"CONSUMER.INFO.{subjects.LOG_STREAM}.{responder}", {})
    if error := answer.get("error"):
        raise WrongStream(f"consumer {responder}: {error.get('description')}; {_MEND}")
    return answer


async def restore_live(client: Client, *, replicas: int, live_bytes: int) -> bool:
    """Create LIVE if it is missing: it lies in memory, and a single server forgets it when it restarts.

    Returns:
        Whether it was missing.

    Raises:
        WrongStream: if the server refuses.
    """
    if await _info(client, subjects.LIVE_STREAM) is not None:
        return False
    (wanted,) = (
        each
        for each in configurations(replicas=replicas, log_bytes=0, live_bytes=live_bytes)
        if each["name"] == subjects.LIVE_STREAM
    )
    answer = await _api(client, f"STREAM.CREATE.{subjects.LIVE_STREAM}", wanted)
    if error := answer.get("error"):
        raise WrongStream(f"stream {subjects.LIVE_STREAM}: {error.get('description')}")
    return True


async def check(client: Client) -> None:
    """Make sure that the streams are there and keep their rules. Without LIVE there are facts and no deltas.

    Raises:
        WrongStream: in one line that says what is wrong and how to mend it.
    """
    for wanted in configurations(replicas=1, log_bytes=0, live_bytes=0):
        config = await _info(client, wanted["name"])
        if config is None and wanted["name"] == subjects.LIVE_STREAM:
            logger.warning("%s", NO_LIVE)
            continue
        if config is None:
            raise WrongStream(f"stream {wanted['name']} is missing; {_MEND}")
        sizes = {"max_bytes", "num_replicas", "max_age"}
        _compare({key: value for key, value in wanted.items() if key not in sizes}, config)


def _compare(wanted: dict[str, Any], found: dict[str, Any]) -> None:
    if (key := _difference(wanted, found)) is not None:
        raise WrongStream(
            f"stream {wanted['name']}: {key} is {found.get(key)!r}, not {wanted[key]!r}; {_MEND}"
        )


def _difference(wanted: dict[str, Any], found: dict[str, Any]) -> str | None:
    """The first setting that is not as it is wanted."""
    return next((key for key, value in wanted.items() if found.get(key, type(value)()) != value), None)


async def _info(client: Client, stream: str) -> dict[str, Any] | None:
    answer = await _api(client, f"STREAM.INFO.{stream}", {})
    if error := answer.get("error"):
        if error.get("err_code") == STREAM_NOT_FOUND:
            return None
        raise WrongStream(f"stream {stream}: {error.get('description')}")
    config: dict[str, Any] = answer["config"]
    return config


async def _api(client: Client, call: str, body: dict[str, Any]) -> dict[str, Any]:
    try:
        reply = await client.request(f"$JS.API.{call}", json.dumps(body).encode(), timeout=_TIMEOUT_SECONDS)
    except OUTAGE as error:
        raise WrongStream(f"JetStream does not answer: {error or type(error).__name__}") from error
    answer: dict[str, Any] = json.loads(reply.data)
    return answer
