"""The whole stack as a user starts it, for tests that speak to it as a client does.

With ``TEST_NATS_SERVERS=3`` the stack that tests share is the services on three nats-servers behind the
gateway instead. It can only be spoken to: tests that have the `parley` command look into it fail.
"""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from tests.packages import are_installed

from parley.settings import Settings

READY_SECONDS = 60.0
STOP_SECONDS = 30.0
QUOTE_WAIT_SECONDS = "15"
"""So that a reply is in time on a busy machine as well."""
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
NODE_SCRIPTS = Path(__file__).with_name("browser")
PORTS = (
    "PARLEY_PORT",
    "PARLEY_QUOTE_PORT",
    "PARLEY_AGENT_WS_PORT",
    "PARLEY_AGENT_RUN_PORT",
    "PARLEY_LANGGRAPH_PORT",
)

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a shell starts what is to run in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what tests start is ended by Ctrl-C


@dataclass
class Stack:
    """``parley up`` on ports and data of its own."""

    folder: Path
    ports: dict[str, int]
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def url(self, port: str = "PARLEY_PORT", scheme: str = "http") -> str:
        """Where a port of the protocol page is."""
        return f"{scheme}://127.0.0.1:{self.ports[port]}"

    def start(self) -> None:
        """Start it and wait until it is ready."""
        output = (self.folder / "stack.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "parley", "up"],
            env=self._environment(),
            cwd=self.folder,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        output.close()
        asyncio.run(self._ready(self.process))

    def stop(self) -> int:
        """Stop it as Ctrl-C does; its exit code."""
        if self.process is None:
            return 0
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(STOP_SECONDS)
        self.process = None
        return code

    def status(self) -> list[dict[str, Any]]:
        """What ``parley status --json`` prints."""
        answer = subprocess.run(
            [sys.executable, "-m", "parley", "status", "--json"],
            env=self._environment(),
            cwd=self.folder,
            capture_output=True,
        )
        assert answer.returncode in (0, 2), answer.stderr
        services: list[dict[str, Any]] = json.loads(answer.stdout)
        return services

    def token(self, user: str, *options: str) -> str:
        """A token of a user, as ``parley token`` prints it."""
        answer = subprocess.run(
            [sys.executable, "-m", "parley", "token", "--user", user, *options],
            env=self._environment(),
            cwd=self.folder,
            capture_output=True,
            check=True,
            text=True,
        )
        return answer.stdout.strip().splitlines()[-1]

    def export(self, conversation: str) -> list[dict[str, Any]]:
        """The events of a conversation, as ``parley export`` writes them."""
        answer = subprocess.run(
            [sys.executable, "-m", "parley", "export", "--", conversation],
            env=self._environment(),
            cwd=self.folder,
            capture_output=True,
            check=True,
        )
        lines: list[dict[str, Any]] = [json.loads(line) for line in answer.stdout.splitlines()]
        return lines[1:-1]

    def settings(self) -> Settings:
        """The settings of the stack."""
        return Settings.load(self._environment(), self.folder / ".env")

    def inner_ports(self) -> dict[str, int]:
        """Where each service answers on this machine, past the gateway."""
        state = json.loads((self.folder / "data" / "state.json").read_text())
        return {entry["service"]: entry["port"] for entry in state}

    def erase(self, conversation: str) -> None:
        """Remove a conversation as ``parley erase`` does."""
        subprocess.run(
            [sys.executable, "-m", "parley", "erase", "--yes", "--", conversation],
            env=self._environment(),
            cwd=self.folder,
            capture_output=True,
            check=True,
        )

    def kill(self, service: str, number: signal.Signals = signal.SIGKILL) -> None:
        """End one service as a crash does, or send it another signal."""
        (pid,) = [entry["pid"] for entry in self.status() if entry["service"] == service]
        os.kill(pid, number)

    @asynccontextmanager
    async def operator(self) -> AsyncIterator[tuple[Any, Any]]:
        """A broker and the log, with the rights that the commands have."""
        from contracts.events import REGISTERED, UPCASTERS  # slow to import, and needed only here
        from contracts.registry import Registry
        from eventlog.broker import Broker
        from eventlog.jetstream import JetStreamLog
        from eventlog.settings import NatsSettings
        from parley.stack.attached import log_environment

        own = Settings.load(self._environment(), self.folder / "no .env")
        async with log_environment(own) as variables:
            settings = NatsSettings(
                url=variables["PARLEY_NATS_URL"],
                user=variables["PARLEY_NATS_USER"],
                password=SecretStr(variables["PARLEY_NATS_PASSWORD"]),
            )
            broker = Broker(settings, "test")
            await broker.start()
            yield broker, JetStreamLog(broker, Registry(REGISTERED, UPCASTERS), settings)
            await broker.stop()

    def log(self) -> str:
        """What it has printed."""
        return (self.folder / "stack.log").read_text(errors="replace")

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PARLEY_")}
        own = {name: str(port) for name, port in self.ports.items()}
        return kept | own | {"PARLEY_DATA_DIR": str(self.folder / "data")} | self.environment

    async def _ready(self, process: subprocess.Popen[bytes]) -> None:
        try:
            async with asyncio.timeout(READY_SECONDS), httpx.AsyncClient() as client:
                while process.poll() is None:
                    try:
                        if (await client.get(f"{self.url()}/health")).status_code == 200:
                            return
                    except httpx.TransportError:
                        pass
                    await asyncio.sleep(0.05)
        except TimeoutError:
            pass
        raise AssertionError(f"the stack did not become ready:\n{self.log()[-5000:]}")


@contextmanager
def running_stack(folder: Path, free_port: Callable[[], int], **environment: str) -> Iterator[Stack]:
    """A stack that is stopped in the end."""
    folder.mkdir(parents=True, exist_ok=True)
    stack = Stack(folder, {name: free_port() for name in PORTS}, environment)
    stack.start()
    try:
        yield stack
    finally:
        stack.stop()


@pytest.fixture(scope="session")
def running() -> Callable[..., AbstractContextManager[Stack]]:
    """`running_stack`, for folders of tests that need stacks of their own kind."""
    return running_stack


@contextmanager
def fronted_fleet(
    start_nats: Callable[..., AbstractContextManager[list[Any]]], folder: Path, free_port: Callable[[], int]
) -> Iterator[Stack]:
    """The services on three nats-servers, behind the gateway."""
    from tests.chaos.cluster import Cluster  # slow to import, and needed only here
    from tests.chaos.fleet import MODULES, in_front, running_fleet

    stack = Stack(folder, {name: free_port() for name in PORTS})
    counts = dict.fromkeys(MODULES, 1)
    with (
        start_nats(folder / "nats", 3) as servers,
        running_fleet(Cluster(servers), folder / "fleet", counts, free_port) as fleet,
        in_front(fleet, stack.ports, free_port()),
    ):
        yield stack


@pytest.fixture(scope="session")
def stack(
    start_nats: Callable[..., AbstractContextManager[list[Any]]],
    tmp_path_factory: pytest.TempPathFactory,
    unused_port: Callable[[], int],
) -> Iterator[Stack]:
    """One stack for all tests that do it no harm."""
    folder = tmp_path_factory.mktemp("stack")
    with (
        fronted_fleet(start_nats, folder, unused_port)
        if os.environ.get("TEST_NATS_SERVERS") == "3"
        else running_stack(folder, unused_port, PARLEY_QUOTE_WAIT=QUOTE_WAIT_SECONDS)
    ) as running:
        yield running


@pytest.fixture
def own_stack(tmp_path: Path, unused_port: Callable[[], int]) -> Iterator[Stack]:
    """A stack for one test, which may kill and restart what it likes."""
    with running_stack(tmp_path / "stack", unused_port) as running:
        yield running


@pytest.fixture(scope="session")
def stack_runner() -> Callable[..., AbstractContextManager[Stack]]:
    """Starts stacks with an environment of their own."""
    return running_stack


@pytest.fixture(scope="session")
def chromium(node_scripts: Path) -> str:
    """The browser's program."""
    program = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if program is None:
        pytest.skip(f"no Chromium on PATH: none of {', '.join(BROWSERS)}")
    return program


@pytest.fixture(scope="session")
def node_scripts() -> Path:
    """The folder of what is run by Node.js; the libraries it needs are installed where they are missing."""
    if shutil.which("node") is None:
        pytest.skip("Node.js is not installed")
    assert are_installed(NODE_SCRIPTS)
    return NODE_SCRIPTS
