"""``/api/system``: the services and how they are, what waits, and the turns of the last hour."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Final

from fastapi import APIRouter
from pydantic import BaseModel

from access.visitor import VISITOR
from contracts import queries
from edge_rest.hour import Hour, Minute, Reading
from edge_rest.questions import Questions
from eventlog import service
from eventlog.broker import Broker
from eventlog.outage import OUTAGE
from eventlog.ports import Log
from eventlog.sharding import offset

logger = logging.getLogger(__name__)

SERVICES: Final = ("edge-ws", "edge-rest", "agent-runner", "quote-engine", "voice-bridge", "history-store")
EVERY_SECONDS: Final = 10.0


class ServiceState(BaseModel):
    """Whether a service answers.

    Attributes:
        versions: of its processes, each once; empty until they have told.
        processes: how many have told their metrics.
    """

    name: str
    ready: bool
    versions: list[str]
    processes: int


class Queue(BaseModel):
    """The messages for one responder.

    Attributes:
        waiting: not taken up yet.
        held: being answered.
    """

    responder: str
    waiting: int
    held: int


class MinuteOfTurns(BaseModel):
    """What ended in one minute; times in seconds, None where nothing was measured.

    Attributes:
        at: Unix time of its beginning.
        turns: runs that ended.
        failed: those that failed.
        takeovers: runs that were taken over from another process.
        run_p50: half of the runs took no longer.
        run_p95: nineteen of twenty took no longer.
        first_token_p50: half of the replies had begun after it.
    """

    at: int
    turns: int
    failed: int
    takeovers: int
    run_p50: float | None
    run_p95: float | None
    first_token_p50: float | None

    @classmethod
    def of(cls, minute: Minute) -> "MinuteOfTurns":
        """A minute of the hour."""
        return cls(
            at=minute.began,
            turns=minute.turns(),
            failed=minute.turns("failed"),
            takeovers=minute.takeovers,
            run_p50=minute.run_seconds(0.5),
            run_p95=minute.run_seconds(0.95),
            first_token_p50=minute.first_token_seconds(0.5),
        )


class System(BaseModel):
    """How the system is.

    Attributes:
        position: how far the log is: the sequence of its newest event, or where it has several streams, what
            they come to together.
        lag: how many events the lists are behind; None where nobody tells.
        conversations: how many there are that the caller may see, `running` and `asking` among them.
        connections: WebSockets and streams that are open.
        problems: what keeps messages from being taken.
        hour: the last sixty minutes, from the services' metrics, as far as this process has seen them.
    """

    version: str
    position: int
    lag: int | None
    conversations: int
    running: int
    asking: int
    connections: int
    services: list[ServiceState]
    queues: list[Queue]
    problems: list[str]
    hour: list[MinuteOfTurns]


class Me(BaseModel):
    """Who the caller has proved to be.

    Attributes:
        user: the `sub` of the token; None without one that is good.
        operator: may deal with dead letters.
    """

    user: str | None
    operator: bool


@asynccontextmanager
async def watching(broker: Broker, hour: Hour) -> AsyncIterator[None]:
    """Keep the hour current as long as the context lasts."""

    async def watch() -> None:
        while True:
            try:
                told = await service.measured(broker, SERVICES)
                hour.add(time.time(), {process: Reading.of(text) for process, text in told.items()})
            except OUTAGE as error:
                logger.warning("the services' metrics are not read: %s", error or type(error).__name__)
            await asyncio.sleep(EVERY_SECONDS)

    task = asyncio.create_task(watch(), name="watch the hour")
    try:
        yield
    finally:
        task.cancel()


def router(broker: Broker, name: str, log: Log, questions: Questions, hour: Hour) -> APIRouter:
    """``/api/system`` and ``/api/system/me``"""
    routes = APIRouter(prefix="/api/system", tags=["system"])

    async def count(status: queries.Status | None = None) -> int:
        return (await questions.sessions(queries.SessionsQuery(status=status, limit=1))).total

    @routes.get("")
    async def system() -> System:
        """The services, what waits, and the last hour."""
        away = await service.absent(broker, SERVICES)
        readings = hour.readings.values()
        lags = [value for (each, _), value in _gauges(readings) if each == "parley_history_lag_events"]
        return System(
            version=version("parley-edge-rest"),
            position=sum(map(offset, await log.positions())),
            lag=round(max(lags)) if lags else None,
            conversations=await count(),
            running=await count("in_progress"),
            asking=await count("waiting_human"),
            connections=round(
                sum(value for (each, _), value in _gauges(readings) if each == "parley_open_connections")
            ),
            services=[_state(each, hour.readings, ready=each not in away) for each in SERVICES],
            queues=queues(readings),
            problems=await service.problems(broker, name),
            hour=[MinuteOfTurns.of(minute) for minute in hour.minutes(time.time())],
        )

    @routes.get("/me")
    async def me() -> Me:
        """Who the presented token says that the caller is."""
        visitor = VISITOR.get()
        if visitor is None:
            return Me(user=None, operator=False)
        return Me(user=await visitor.user(), operator=await visitor.is_operator())

    return routes


def _gauges(readings: Iterable[Reading]) -> Iterable[tuple[tuple[str, str], float]]:
    return (gauge for reading in readings for gauge in reading.gauges.items())


def _state(name: str, readings: Mapping[str, Reading], *, ready: bool) -> ServiceState:
    own = [reading.version for reading in readings.values() if reading.service == name]
    return ServiceState(name=name, ready=ready, versions=sorted(set(own)), processes=len(own))


def queues(readings: Iterable[Reading]) -> list[Queue]:
    """What waits for each responder, and what is held.

    Every process tells alike what nobody has fetched and what is held, and each its own of what waits behind
    others.
    """
    pending: Counter[str] = Counter()
    behind: Counter[str] = Counter()
    held: Counter[str] = Counter()
    for (name, responder), value in _gauges(readings):
        match name:
            case "parley_queue_pending":
                pending[responder] = max(pending[responder], round(value))
            case "parley_queue_behind":
                behind[responder] += round(value)
            case "parley_queue_held":
                held[responder] = max(held[responder], round(value))
    return [
        Queue(responder=each, waiting=pending[each] + behind[each], held=held[each])
        for each in sorted(pending)
    ]
