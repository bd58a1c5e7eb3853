"""A service that stands on the log: connected, seen by the others, ready when the log is.

`chassis.server` serves it; `app.py` of a service puts it together. `probe` is behind readiness.
"""

import asyncio
import os
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from faststream.asgi.types import ASGIApp
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from chassis import server
from chassis.server import Build, Check
from chassis.telemetry import version_of
from contracts import subjects
from eventlog import faults, streams
from eventlog.broker import Broker
from eventlog.outage import OUTAGE
from eventlog.ports import LogError
from eventlog.probe import PROBE_TIMEOUT_SECONDS, problem, shortcoming

MEASURE: Final = b"metrics"
MEASURE_SECONDS: Final = 1.0
PROCESS_ID_LENGTH: Final = 32
"""Of what names a process, so that whoever adds counters up sees when one begins anew."""


async def connect(broker: Broker) -> None:
    """Connect a broker before it is started, and make sure that the streams are as the log needs them.

    Raises:
        Unavailable: if NATS does not answer within `connect_deadline`.
        streams.WrongStream: if a stream is missing or wrong.
    """
    await broker.reach()
    broker.streams = await streams.check(broker.client)


async def answer_pings(broker: Broker, name: str) -> None:
    """Let others see, by `absent`, that the service `name` is there and takes what comes, and by `measured`,
    what it counts."""
    process = uuid4().hex.encode()

    async def answer(ping: Msg) -> None:
        if ping.data == MEASURE:
            await ping.respond(zlib.compress(process + await broker.metrics.exposition()))
        elif not server.ENDING.is_set():
            await ping.respond(b"")

    await broker.client.subscribe(subjects.query(f"ping.{name}"), cb=answer)


async def absent(broker: Broker, names: Sequence[str]) -> list[str]:
    """Which of the services do not answer within two seconds."""

    async def is_absent(name: str) -> bool:
        try:
            await broker.client.request(subjects.query(f"ping.{name}"), b"", timeout=PROBE_TIMEOUT_SECONDS)
        except OUTAGE:
            return True
        return False

    missing = await asyncio.gather(*(is_absent(name) for name in names))
    return [name for name, gone in zip(names, missing, strict=True) if gone]


async def measured(broker: Broker, names: Sequence[str]) -> dict[str, str]:
    """The metrics of every process of the services that tells them within a second, by its process.

    Raises:
        eventlog.outage.OUTAGE: if NATS cannot be reached.
    """
    told: dict[str, str] = {}

    async def hear(message: Msg) -> None:
        text = zlib.decompress(message.data) if message.data else b""  # empty: nobody is there
        if text:
            told[text[:PROCESS_ID_LENGTH].decode()] = text[PROCESS_ID_LENGTH:].decode()

    inbox = broker.client.new_inbox()
    answers = await broker.client.subscribe(inbox, cb=hear)
    try:
        for name in names:
            await broker.client.publish(subjects.query(f"ping.{name}"), MEASURE, reply=inbox)
        await asyncio.sleep(MEASURE_SECONDS)
    finally:
        if not broker.client.is_closed and not broker.client.is_draining:
            await answers.unsubscribe()
    return told


async def problems(broker: Broker, name: str, checks: Sequence[Check] = ()) -> list[str]:
    """All that keeps the service `name` from doing its work; empty when it is ready."""
    return await server.problems(_with_log(broker, name, checks))


def health_routes(broker: Broker, name: str, checks: Sequence[Check]) -> list[tuple[str, ASGIApp]]:
    """The routes ``/livez``, ``/readyz`` and ``/metrics`` of the service `name`."""
    shortcomings = [lambda: shortcoming(broker)]
    metrics = broker.metrics
    metrics.info.labels(name, version_of(name)).set(1)

    async def measure() -> None:
        metrics.ready.set(not await problems(broker, name, checks))
        metrics.live.set(await shortcoming(broker) is None)

    metrics.before_reading(measure)
    return server.health_routes(_with_log(broker, name, checks), broker.metrics.exposition, shortcomings)


def _with_log(broker: Broker, name: str, checks: Sequence[Check]) -> list[Check]:
    return [lambda: problem(broker, name), *checks]


def run(name: str, build: Build, server_options: Callable[[], Mapping[str, Any]] = dict) -> None:
    """Serve until told to end; see `chassis.server.run`."""
    if folder := os.environ.get(faults.VARIABLE):
        faults.arm(Path(folder))
    server.run(name, build, server_options, fatal=(LogError, NatsError))
