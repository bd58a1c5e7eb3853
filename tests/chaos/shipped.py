"""`parley up` as its clients and its operator see it, and what they are told while it is killed."""

import asyncio
import json
import os
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, cast

import httpx
from tests.chaos.fleet import Fleet

READY_SECONDS: Final = 60
PAUSE_SECONDS: Final = 0.05
SERVICES: Final = (
    "agent-runner",
    "quote-engine",
    "voice-bridge",
    "history-store",
    "edge-ws",
    "edge-rest",
)
EVERYTHING: Final = ("nats-server", *SERVICES, "gateway")
HEALTH_NEEDS: Final = frozenset(EVERYTHING) - {"voice-bridge"}
"""Without any of these `/health` is not to say 200."""


class Public(Fleet):
    """The stack as its clients reach it."""

    def __init__(self, stack: Any, host: str) -> None:
        super().__init__(stack, stack.folder, cast("subprocess.Popen[bytes]", None))
        self._stack = stack
        self._host = host

    def address(self, service: str, path: str, scheme: str = "http") -> str:
        """The public port, whichever service is behind it."""
        port = self._stack.ports["PARLEY_AGENT_WS_PORT" if path.startswith("/chat/") else "PARLEY_PORT"]
        return f"{scheme}://{self._host}:{port}{path}"


def pids(stack: Any) -> dict[str, int | None]:
    """The process of each part of the stack, as its supervisor has written them down."""
    state = json.loads((stack.folder / "data" / "state.json").read_text())
    return {entry["service"]: entry["pid"] for entry in state}


def away(stack: Any) -> set[str]:
    """Those where nobody listens, whoever knows of it already."""
    return {name for name, port in stack.inner_ports().items() if not _listens(port)}


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def end(stack: Any, names: Collection[str], number: signal.Signals) -> None:
    """Send processes a signal at once, and wait until others have taken their places and all is ready."""
    before = {name: pid for name, pid in pids(stack).items() if name in names}
    assert set(before) == set(names)
    for pid in before.values():
        assert pid is not None
        os.kill(pid, number)
    async with asyncio.timeout(READY_SECONDS):
        while any(pid == before.get(name) for name, pid in pids(stack).items()):
            await asyncio.sleep(PAUSE_SECONDS)
        await settled(stack)


async def settled(stack: Any) -> None:
    """Wait until `parley status` says that all is ready, and `/health` that all is well."""
    async with asyncio.timeout(READY_SECONDS), httpx.AsyncClient(timeout=5) as client:
        while not all(each["ready"] for each in await asyncio.to_thread(stack.status)):
            await asyncio.sleep(PAUSE_SECONDS)
        while await _health(client, stack) != 200:
            await asyncio.sleep(PAUSE_SECONDS)


async def _health(client: httpx.AsyncClient, stack: Any) -> int:
    """The status of its answer; 0 for none."""
    try:
        return (await client.get(f"{stack.url()}/health")).status_code
    except httpx.TransportError:
        return 0


@dataclass
class Watch:
    """What the operator was told.

    Attributes:
        asked: how many answers there were while something was away.
        lies: what was said of a part that was away before the question and after the answer.
    """

    asked: int = 0
    lies: list[str] = field(default_factory=list)

    def hear(self, told: str, ready: Collection[str], before: set[str], after: set[str]) -> None:
        """Take an answer by which some parts are ready, with those that were away before and after it."""
        self.asked += bool(before & after)
        self.lies += [f"{told} with {name} away" for name in sorted(before.intersection(after, ready))]


@asynccontextmanager
async def watched(stack: Any) -> AsyncIterator[Watch]:
    """Within, `/health` and `parley status --json` are asked all the time."""
    watch = Watch()

    async def ask_health() -> None:
        async with httpx.AsyncClient(timeout=5) as client:
            while True:
                before = away(stack)
                status = await _health(client, stack)
                watch.hear("/health said 200", HEALTH_NEEDS if status == 200 else (), before, away(stack))
                await asyncio.sleep(PAUSE_SECONDS)

    async def ask_status() -> None:
        while True:
            before = away(stack)
            told = await asyncio.to_thread(stack.status)
            ready = [each["service"] for each in told if each["ready"]]
            watch.hear("status said ready", ready, before, away(stack))
            await asyncio.sleep(PAUSE_SECONDS)

    asking = [asyncio.create_task(ask_health()), asyncio.create_task(ask_status())]
    try:
        yield watch
        for task in asking:
            if task.done():
                task.result()
    finally:
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
