"""The services as processes on one nats-server, each of which may be killed, stopped and replaced.

Unlike the stack of ``parley up``, nobody watches over them: what is dead stays dead until the test starts it.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

import httpx
from tests.chaos.graphs import FOLDER
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from eventlog import faults
from eventlog.admin.permissions import OPERATOR
from parley.stack import gateway
from parley.stack.ports import listen

READY_SECONDS = 60.0
ANSWER_SECONDS = 60.0
QUOTATIONS = Path(__file__).with_name("quotations.jsonl")
"""A collection of one, since which quotation is chosen differs from talk to talk."""
MODULES = {
    "agent-runner": "agent_runner",
    "quote-engine": "quote_engine",
    "voice-bridge": "voice_bridge",
    "history-store": "history_store",
    "edge-ws": "edge_ws",
    "edge-rest": "edge_rest",
}


class NatsServer(Protocol):
    """What `own_nats` gives."""

    @property
    def process(self) -> subprocess.Popen[bytes] | None: ...

    @property
    def address(self) -> str: ...

    @property
    def url(self) -> str: ...

    def start(self) -> None: ...

    def kill(self) -> None: ...


@dataclass
class Service:
    """One process of one service."""

    name: str
    number: int
    folder: Path
    port: int
    environment: Mapping[str, str]
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process; `Fleet.ready` waits for it."""
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", MODULES[self.name]],
                env={**self.environment, "PARLEY_HTTP_PORT": str(self.port)},
                cwd=self.folder,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def output(self) -> Path:
        """The file that it writes its log to."""
        return self.folder / f"{self.name}-{self.number}.log"

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def dead(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def kill(self) -> None:
        """End it as a crash does, stopped or not."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    async def problems(self) -> list[str] | None:
        """What ``/readyz`` says is wrong, empty if it is ready; None if nobody answers."""
        try:
            async with httpx.AsyncClient(timeout=5) as client:
                answer = await client.get(f"http://127.0.0.1:{self.port}/readyz")
        except httpx.TransportError:
            return None
        return list(answer.json().get("problems", []))


@dataclass
class Fleet:
    """The services on one nats-server.

    Attributes:
        keeper: the operator's process, which keeps the streams.
    """

    nats: NatsServer
    folder: Path
    keeper: subprocess.Popen[bytes]
    services: list[Service] = field(default_factory=list)

    def named(self, name: str) -> list[Service]:
        """The processes of one service."""
        return [each for each in self.services if each.name == name]

    def one(self, name: str) -> Service:
        """The only process of a service."""
        (service,) = self.named(name)
        return service

    async def ready(self, services: Sequence[Service] | None = None) -> None:
        """Wait until every process says that it is ready."""
        for service in self.services if services is None else services:
            async with asyncio.timeout(READY_SECONDS):
                while await service.problems() != []:
                    if service.dead:
                        raise AssertionError(service.output.read_text(errors="replace")[-3000:])
                    await asyncio.sleep(0.05)

    async def mend(self) -> None:
        """Start again whatever is dead, and wait until all is ready."""
        if self.nats.process is None or self.nats.process.poll() is not None:
            self.nats.kill()
            self.nats.start()
        for service in self.services:
            if service.dead:
                service.start()
        await self.ready()

    @asynccontextmanager
    async def mended_at_once(self) -> AsyncIterator[None]:
        """Within, whatever dies is started again, as a supervisor does."""

        async def watch() -> None:
            while True:
                dead = [each for each in self.services if each.dead]
                if self.nats.process is None or self.nats.process.poll() is not None:
                    self.nats.kill()
                    self.nats.start()
                for service in dead:
                    service.start()
                await asyncio.sleep(0.02)

        watching = asyncio.create_task(watch())
        try:
            yield
        finally:
            watching.cancel()

    def address(self, service: str, path: str, scheme: str = "http") -> str:
        """Where a service that there is one of serves a path."""
        return f"{scheme}://127.0.0.1:{self.one(service).port}{path}"

    def chat(self, chat_id: str) -> str:
        """Where the agent protocol is spoken about a chat."""
        return self.address("edge-ws", f"/chat/{quote(chat_id, safe='')}", scheme="ws")

    async def say(
        self, chat_id: str, text: str, message_id: str, *, within: float = ANSWER_SECONDS
    ) -> list[dict[str, Any]]:
        """The answer to a message, by a client that connects again and says it again until there is one."""
        async with asyncio.timeout(within):
            while True:
                try:
                    async with connect(self.chat(chat_id), open_timeout=5, close_timeout=1) as client:
                        said = {"type": "client", "message": text, "message_id": message_id}
                        await client.send(json.dumps(said))
                        frames: list[dict[str, Any]] = [json.loads(await client.recv())]
                        while frames[-1]["type"] == "agent_step":
                            frames.append(json.loads(await client.recv()))
                    if frames[-1]["type"] == "message_end":
                        return frames
                except (OSError, InvalidHandshake, ConnectionClosed):
                    pass
                await asyncio.sleep(0.05)

    def plan(self, number: int, when: str, victim: int = faults.MYSELF) -> None:
        """Let a process die at the n-th append from now on."""
        (self.folder / "count").unlink(missing_ok=True)
        (self.folder / "plan").write_text(f"{number} {when} {victim}")

    @property
    def planned(self) -> bool:
        """Whether what was planned has not happened yet."""
        return (self.folder / "plan").exists()

    def forget_plan(self) -> int:
        """Nobody shall die any more; how many appends there have been since the plan was made."""
        (self.folder / "plan").unlink(missing_ok=True)
        count = self.folder / "count"
        return count.stat().st_size if count.exists() else 0

    async def history(self, chat_id: str) -> list[dict[str, Any]]:
        """What the history of a chat says, asked until it is answered."""
        address = self.address("edge-rest", f"/history/{quote(chat_id, safe='')}")
        async with asyncio.timeout(ANSWER_SECONDS), httpx.AsyncClient(timeout=10) as client:
            while True:
                try:
                    answer = await client.get(address)
                except httpx.TransportError:
                    pass
                else:
                    if answer.status_code == 200:
                        entries: list[dict[str, Any]] = answer.json()
                        return entries
                await asyncio.sleep(0.05)


@contextmanager
def running_fleet(
    nats: NatsServer,
    folder: Path,
    counts: Mapping[str, int],
    port: Callable[[], int],
    with_faults: bool = False,
    /,
    **environment: str,
) -> Iterator[Fleet]:
    """As many processes of each service as `counts` says, each as its own user of NATS, ready; killed in
    the end.

    Args:
        with_faults: they look into the plan before and after each append.
    """
    folder.mkdir(parents=True, exist_ok=True)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PARLEY_")}
    variables = {
        **inherited,
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "PARLEY_NATS_URL": nats.address,
        "PARLEY_STREAM_REPLICAS": str(nats.address.count(",") + 1),
        "PARLEY_DATA_DIR": str(folder),
        "PARLEY_JWT_SECRET": "a secret that only this test knows, 32 bytes",
        FOLDER: str(folder),
        "PARLEY_QUOTATIONS": str(QUOTATIONS),
        "PARLEY_GRAPHS": "gated=tests.chaos.graphs:builder",
        **({faults.VARIABLE: str(folder)} if with_faults else {}),
    }
    with ExitStack() as stack:
        keeper = stack.enter_context(_keeper(folder, variables | as_user(OPERATOR) | environment))
        fleet = Fleet(nats, folder, keeper)
        for name, count in counts.items():
            own = variables | as_user(name) | environment
            for number in range(count):
                fleet.services.append(Service(name, number, folder, port(), own))
                fleet.services[-1].start()
                stack.callback(fleet.services[-1].kill)
        with ThreadPoolExecutor(1) as apart_from_any_running_loop:
            apart_from_any_running_loop.submit(asyncio.run, fleet.ready()).result()
        yield fleet


@contextmanager
def in_front(fleet: Fleet, ports: Mapping[str, int], own: int) -> Iterator[None]:
    """The gateway that ships, on some ports of the loopback address, in front of a fleet's edges.

    Args:
        own: the port where it answers for its readiness.
    """
    program = gateway.program()
    assert program is not None
    with ExitStack() as stack:
        listeners = [stack.enter_context(each) for each in listen("127.0.0.1", ports).values()]
        inherited = [each.fileno() for each in listeners]
        told = gateway.environment(
            {},
            data_dir=fleet.folder,
            listeners=inherited,
            ports={name: fleet.one(name).port for name in ("edge-ws", "edge-rest")},
            port=own,
        )
        process = subprocess.Popen(gateway.command(program), env=told, pass_fds=inherited)
        stack.callback(process.wait)
        stack.callback(process.kill)
        yield


def as_user(name: str) -> dict[str, str]:
    """What tells a process who it is to NATS; in tests a user's password is its name."""
    return {"PARLEY_NATS_USER": name, "PARLEY_NATS_PASSWORD": name}


@contextmanager
def _keeper(folder: Path, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """The operator's process, as it runs in every installation."""
    with (folder / "keeper.log").open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "eventlog.admin.declare", "--keep"],
            env=dict(environment),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
