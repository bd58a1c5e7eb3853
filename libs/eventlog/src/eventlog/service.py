"""How every service starts, says how it is, and ends; `app.py` of a service puts it together.

Read `health` for the probe behind readiness.
"""

import asyncio
import gc
import json
import logging
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final, TypeAlias

import uvicorn
from faststream.asgi import AsgiFastStream, AsgiResponse, get
from faststream.asgi.types import ASGIApp, Scope
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from prometheus_client import CONTENT_TYPE_LATEST

from contracts import subjects
from eventlog import faults, logs, streams
from eventlog.broker import Broker
from eventlog.health import PROBE_TIMEOUT_SECONDS, problem
from eventlog.outage import OUTAGE
from eventlog.ports import LogError
from eventlog.requests import Traced
from eventlog.settings import HttpSettings, LogSettings, WrongSetting, load
from eventlog.telemetry import TRACING

logger = logging.getLogger(__name__)

Check: TypeAlias = Callable[[], Awaitable[str | None]]
"""What keeps one part from working, or None."""

DRAIN_SECONDS: Final = 10
YOUNG_OBJECTS: Final = 20_000
"""How many objects may come before the collector looks at the young ones."""


async def connect(broker: Broker) -> None:
    """Connect a broker before it is started, and make sure that the streams are as the log needs them.

    Raises:
        Unavailable: if NATS does not answer within `connect_deadline`.
        streams.WrongStream: if a stream is missing or wrong.
    """
    await broker.reach()
    await streams.check(broker.client)


async def answer_pings(broker: Broker, name: str) -> None:
    """Let others see, by `absent`, that the service `name` is there."""

    async def answer(ping: Msg) -> None:
        await ping.respond(b"")

    await broker.client.subscribe(subjects.query(f"ping.{name}"), queue=name, cb=answer)


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


async def problems(broker: Broker, name: str, checks: Sequence[Check] = ()) -> list[str]:
    """All that keeps the service `name` from doing its work; empty when it is ready."""
    found = await asyncio.gather(problem(broker, name), *(check() for check in checks))
    return [text for text in found if text]


def health_routes(broker: Broker, name: str, checks: Sequence[Check]) -> list[tuple[str, ASGIApp]]:
    """The routes ``/livez``, ``/readyz`` and ``/metrics`` of the service `name`."""

    @get
    async def livez(_: Scope) -> AsgiResponse:
        """The process answers."""
        return _json({"status": "alive"}, 200)

    @get
    async def readyz(_: Scope) -> AsgiResponse:
        """The service can do its work; else 503 with what is wrong."""
        wrong = await problems(broker, name, checks)
        if wrong:
            return _json({"status": "not ready", "problems": wrong}, 503)
        return _json({"status": "ready"}, 200)

    @get
    async def exposition(scope: Scope) -> AsgiResponse:
        """Metrics as Prometheus reads them; not for clients, who come through a gateway."""
        if any(name == b"x-forwarded-for" for name, _ in scope["headers"]):
            return _json({"detail": "Not Found"}, 404)
        return AsgiResponse(await broker.metrics.exposition(), 200, {"Content-Type": CONTENT_TYPE_LATEST})

    return [("/livez", livez), ("/readyz", readyz), ("/metrics", exposition)]


def _json(body: dict[str, Any], status: int) -> AsgiResponse:
    return AsgiResponse(json.dumps(body).encode(), status, {"Content-Type": "application/json"})


Build: TypeAlias = Callable[[], tuple[ASGIApp, AbstractAsyncContextManager[object]]]
"""Makes the ASGI application and the context in which it is started, from its own settings."""


@asynccontextmanager
async def started(app: AsgiFastStream) -> AsyncIterator[None]:
    """A FastStream application, from the moment its subscribers subscribe to its end.

    Its own lifespan context begins before the broker has been started.
    """
    subscribed = asyncio.Event()
    app.after_startup(subscribed.set)
    async with app.start_lifespan_context():
        await subscribed.wait()
        yield


def run(name: str, build: Build, server_options: Callable[[], Mapping[str, Any]] = dict) -> None:
    """Serve until SIGTERM or SIGINT and drain; end the process with one line if the service cannot start.

    Args:
        server_options: gives more of uvicorn's settings.
    """
    import uvloop  # only a process that serves needs it

    try:
        logs.set_up(name, load(LogSettings))
        TRACING.start(name)
        http = load(HttpSettings)
        if folder := os.environ.get(faults.VARIABLE):
            faults.arm(Path(folder))
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(name, build, http, server_options()))
    except (WrongSetting, LogError, NatsError, OSError) as error:
        sys.exit(f"{name} ends: {error or type(error).__name__}")
    except asyncio.CancelledError:
        logger.info("%s was told to end before it had started", name)
    finally:
        TRACING.stop()


async def _serve(name: str, build: Build, http: HttpSettings, server_options: Mapping[str, Any]) -> None:
    app, context = build()
    server = _Server(
        uvicorn.Config(
            Traced(app) if TRACING.on else app,
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=DRAIN_SECONDS,
            **server_options,
        )
    )
    starting = asyncio.current_task()

    def end(number: int) -> None:
        server.handle_exit(number, None)  # as uvicorn does it, since that ends open event streams as well
        if starting:
            starting.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, end, number)
    family = socket.AF_INET6 if ":" in http.host else socket.AF_INET
    with socket.create_server((http.host, http.port), family=family) as listener:
        async with context:
            starting = None
            _spare_the_collector()
            logger.info("%s listens on %s:%d", name, *listener.getsockname()[:2])
            await server.serve(sockets=[listener])
    logger.info("%s has drained", name)


def _spare_the_collector() -> None:
    """Take what was imported out of the garbage collector's sight: walking it costs more than a turn."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, *gc.get_threshold()[1:])


class _Server(uvicorn.Server):
    """Leaves signals to `_serve`: uvicorn would raise SIGTERM again once it has drained."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
