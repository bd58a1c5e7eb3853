"""The streams, declared by the operator's one-shot and checked by every service at its start."""

import json
import logging
from typing import Any, Final

from nats.aio.client import Client

from contracts import subjects
from eventlog import sharding
from eventlog.configurations import (
    GIB,
    LIVE_BYTES,
    RESPONDERS,
    TAKEOVER_SECONDS,
    configurations,
    consumer,
    log_configuration,
)
from eventlog.outage import OUTAGE
from eventlog.ports import LogError
from eventlog.stored import STREAM_NOT_FOUND

logger = logging.getLogger(__name__)

_TIMEOUT_SECONDS: Final = 10.0
_MEND: Final = "run: python -m eventlog.admin.declare"
NO_LIVE: Final = "stream LIVE is missing: clients get no deltas until the operator declares it"
MOVING: Final = "parley-moving"
"""In the metadata of LOG while `eventlog.admin.spreading` moves what it had into other streams."""


class WrongStream(LogError):
    """A stream is missing or is not configured as the log needs it."""


async def declare(
    client: Client,
    *,
    replicas: int = 1,
    log_bytes: int = 8 * GIB,
    live_bytes: int = LIVE_BYTES,
    takeover_after: float = TAKEOVER_SECONDS,
    streams: int = 1,
) -> None:
    """Create the streams and the responders' consumers, or bring existing ones to this configuration.

    Args:
        log_bytes: for all streams of the log together.
        streams: how many the log has; as many as it had, unless it is empty.
        takeover_after: seconds that the holder of a delivery may be silent before another gets it.

    Raises:
        WrongStream: if the server refuses, or keeps another configuration than it was given, or the log has
            events in another number of streams.
    """
    await _check_streams(client, streams)
    for wanted in configurations(
        replicas=replicas, log_bytes=log_bytes, live_bytes=live_bytes, streams=streams
    ):
        existing = await _info(client, wanted["name"])
        if existing is not None and _difference(wanted, existing) is None:
            continue
        verb = "CREATE" if existing is None else "UPDATE"
        answer = await _api(client, f"STREAM.{verb}.{wanted['name']}", wanted)
        if error := answer.get("error"):
            raise WrongStream(f"stream {wanted['name']}: {error.get('description')}")
        _compare(wanted, answer["config"])
    for stream in range(streams):
        for responder in RESPONDERS:
            wanted = consumer(responder, takeover_after=takeover_after, replicas=replicas)
            await _declare_consumer(client, sharding.name(stream), wanted)


def names(streams: int) -> tuple[str, ...]:
    """Every stream that there is where the log has so many."""
    wanted = configurations(replicas=1, log_bytes=0, live_bytes=0, streams=streams)
    return tuple(each["name"] for each in wanted)


async def streams_of(client: Client) -> int:
    """How many streams the log has.

    Raises:
        WrongStream: if there is none, or its events are being moved.
    """
    return laid_over(await log_info(client, 0))


def laid_over(config: dict[str, Any], *, moving: bool = False) -> int:
    """Over how many streams the log is laid of which LOG has this configuration; 1 too where it has subjects
    that it never has, which is for whoever compares configurations to find.

    Args:
        moving: whether it is all the same that its events are being moved.

    Raises:
        WrongStream: if it is not.
    """
    if not moving and (wanted := config.get("metadata", {}).get(MOVING)):
        streams = wanted.split()[1]
        raise WrongStream(f"the log is being moved into {streams} streams; run: parley spread {streams}")
    possible = range(1, sharding.MAX_STREAMS + 1)
    return next((each for each in possible if config["subjects"] == sharding.subjects_of(0, each)), 1)


async def log_info(client: Client, stream: int) -> dict[str, Any]:
    """The configuration that a stream of the log has.

    Raises:
        WrongStream: if it is missing.
    """
    if (config := await _info(client, sharding.name(stream))) is None:
        raise WrongStream(f"stream {sharding.name(stream)} is missing; {_MEND}")
    return config


async def lay_over(client: Client, streams: int, had: int, metadata: dict[str, str]) -> None:
    """Let the log have so many streams, whatever is in the `had` ones that it has; new ones have no limit
    before they are declared.

    Args:
        metadata: of LOG, beside what the server itself notes there.

    Raises:
        WrongStream: if a stream is missing, or the server refuses.
    """
    first = await log_info(client, 0)
    for stream in range(streams):
        if stream < had:
            config = await log_info(client, stream) | {"subjects": sharding.subjects_of(stream, streams)}
            if stream == 0:
                config["metadata"] = metadata
        else:
            config = log_configuration(stream, streams, replicas=first["num_replicas"], max_bytes=-1)
        verb = "CREATE" if await _info(client, config["name"]) is None else "UPDATE"
        answer = await _api(client, f"STREAM.{verb}.{config['name']}", config)
        if error := answer.get("error"):
            raise WrongStream(f"stream {config['name']}: {error.get('description')}")


async def _check_streams(client: Client, streams: int) -> None:
    """Make sure that no event would be looked for in a stream that it is not in."""
    config = await _info(client, subjects.LOG_STREAM)
    if config is None or (had := laid_over(config)) == streams:
        return
    names = [sharding.name(stream) for stream in range(had)]
    infos = [await _api(client, f"STREAM.INFO.{name}", {}) for name in names]
    if streams < had or any(info.get("state", {}).get("messages") for info in infos):
        raise WrongStream(
            f"PARLEY_LOG_STREAMS is {streams}, and the log has {had}: "
            + (
                "there is no way back to fewer"
                if streams < had
                else f"stop Parley, run parley spread {streams}"
            )
        )


async def _declare_consumer(client: Client, stream: str, wanted: dict[str, Any]) -> None:
    name = wanted["name"]
    answer = await _api(
        client,
        f"CONSUMER.CREATE.{stream}.{name}.{wanted['filter_subject']}",
        {"stream_name": stream, "config": wanted},
    )
    if error := answer.get("error"):
        raise WrongStream(f"consumer {name}: {error.get('description')}")


async def check_consumer(client: Client, responder: str, stream: int = 0) -> None:
    """Make sure that there is a responder's consumer on a stream of the log.

    Raises:
        WrongStream: if there is none, or it is none of the responder's work.
    """
    info = await consumer_info(client, responder, stream)
    found = info["config"].get("filter_subject")
    if found != (wanted := subjects.work_for(responder)):
        raise WrongStream(f"consumer {responder}: filter_subject is {found!r}, not {wanted!r}; {_MEND}")


async def consumer_info(client: Client, responder: str, stream: int = 0) -> dict[str, Any]:
    """What the server tells of a responder's consumer on a stream of the log.

    Raises:
        WrongStream: if there is none, or the server does not answer.
    """
    answer = await _api(client, f"CONSUMER.INFO.{sharding.name(stream)}.{responder}", {})
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


async def check(client: Client) -> int:
    """Make sure that the streams are there and keep their rules. Without LIVE there are facts and no deltas.

    Returns:
        How many streams the log has.

    Raises:
        WrongStream: in one line that says what is wrong and how to mend it.
    """
    streams = await streams_of(client)
    for wanted in configurations(replicas=1, log_bytes=0, live_bytes=0, streams=streams):
        config = await _info(client, wanted["name"])
        if config is None and wanted["name"] == subjects.LIVE_STREAM:
            logger.warning("%s", NO_LIVE)
            continue
        if config is None:
            raise WrongStream(f"stream {wanted['name']} is missing; {_MEND}")
        sizes = {"max_bytes", "num_replicas", "max_age"}
        _compare({key: value for key, value in wanted.items() if key not in sizes}, config)
    return streams


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
