"""How every service starts, says how it is, and ends. `http_spans` has its traces, `logs` what it writes."""

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
from typing import Any, Final, TypeAlias

import uvicorn
from faststream.asgi import AsgiFastStream, AsgiResponse, get
from faststream.asgi.types import ASGIApp, Scope
from prometheus_client import CONTENT_TYPE_LATEST

from chassis import logs
from chassis.http_spans import Traced
from chassis.settings import HttpSettings, LogSettings, WrongSetting, in_one_line, load
from chassis.telemetry import TRACING

logger = logging.getLogger(__name__)

Check: TypeAlias = Callable[[], Awaitable[str | None]]
"""What keeps one part from working, or None."""

Build: TypeAlias = Callable[[], tuple[ASGIApp, AbstractAsyncContextManager[object]]]
"""Makes the ASGI application and the context in which it is started, from its own settings."""

DRAIN_SECONDS: Final = 10
ENDING: Final = asyncio.Event()
"""Set when the process has been told to end: it takes nothing more."""
YOUNG_OBJECTS: Final = 20_000
"""How many objects may come before the collector looks at the young ones."""


async def problems(checks: Sequence[Check]) -> list[str]:
    """All that keeps a service from doing its work; empty when it is ready."""
    found = await asyncio.gather(*(check() for check in checks))
    return [text for text in found if text]


def health_routes(
    checks: Sequence[Check],
    metrics: Callable[[], Awaitable[bytes]],
    shortcomings: Sequence[Check] = (),
) -> list[tuple[str, ASGIApp]]:
    """The routes ``/livez``, ``/readyz`` and ``/metrics`` of a service.

    Args:
        metrics: gives all metrics as Prometheus reads them.
        shortcomings: what is told of a service that is ready all the same.
    """

    @get
    async def livez(_: Scope) -> AsgiResponse:
        """The process answers."""
        return _json({"status": "alive"}, 200)

    @get
    async def readyz(_: Scope) -> AsgiResponse:
        """The service can do its work; else 503 with what is wrong."""
        wrong = await problems(checks)
        if wrong:
            return _json({"status": "not ready", "problems": wrong}, 503)
        lacking = await problems(shortcomings)
        return _json({"status": "ready"} | ({"degraded": lacking} if lacking else {}), 200)

    @get
    async def exposition(scope: Scope) -> AsgiResponse:
        """Metrics; not for clients, who come through a gateway."""
        if any(name == b"x-forwarded-for" for name, _ in scope["headers"]):
            return _json({"detail": "Not Found"}, 404)
        return AsgiResponse(await metrics(), 200, {"Content-Type": CONTENT_TYPE_LATEST})

    return [("/livez", livez), ("/readyz", readyz), ("/metrics", exposition)]


def _json(body: dict[str, Any], status: int) -> AsgiResponse:
    return AsgiResponse(json.dumps(body).encode(), status, {"Content-Type": "application/json"})


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


def run(
    name: str,
    build: Build,
    server_options: Callable[[], Mapping[str, Any]] = dict,
    *,
    fatal: tuple[type[Exception], ...] = (),
) -> None:
    """Serve until SIGTERM or SIGINT and drain; end the process with one line if the service cannot start.

    The exit code is then 1 where it may come up when it is started again, else `os.EX_CONFIG`.

    Args:
        server_options: gives more of uvicorn's settings.
        fatal: what is raised, beside `OSError`, where something that the service needs is not there.
    """
    import uvloop  # only a process that serves needs it

    foreseen: tuple[type[Exception], ...] = (OSError, *fatal)
    try:
        logs.set_up(name, load(LogSettings))
        TRACING.start(name)
        http = load(HttpSettings)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(name, build, http, server_options(), foreseen))
    except foreseen as error:
        sys.exit(f"{name} ends: {error or type(error).__name__}")
    except (WrongSetting, _NotStarted) as error:
        logger.debug("the start failed", exc_info=error)
        sys.stderr.write(f"{name} ends: {error}\n")
        sys.exit(os.EX_CONFIG)
    except asyncio.CancelledError:
        logger.info("%s was told to end before it had started", name)
    finally:
        TRACING.stop()


class _NotStarted(Exception):
    """What ended a start and nothing foresaw, in one line."""

    def __init__(self, error: BaseException) -> None:
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        super().__init__(f"{type(error).__name__}: {in_one_line(error)}")


async def _serve(
    name: str,
    build: Build,
    http: HttpSettings,
    server_options: Mapping[str, Any],
    foreseen: tuple[type[Exception], ...],
) -> None:
    serving = asyncio.Event()
    try:
        await _start_and_serve(name, build, http, server_options, serving)
    except Exception as error:
        if serving.is_set() or isinstance(error, (WrongSetting, *foreseen)):
            raise
        raise _NotStarted(error) from error


async def _start_and_serve(
    name: str, build: Build, http: HttpSettings, server_options: Mapping[str, Any], serving: asyncio.Event
) -> None:
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
        ENDING.set()
        server.handle_exit(number, None)  # as uvicorn does it, since that ends open event streams as well
        if starting and not serving.is_set():
            starting.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, end, number)
    family = socket.AF_INET6 if ":" in http.host else socket.AF_INET
    with socket.create_server((http.host, http.port), family=family) as listener:
        async with context:
            serving.set()
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
