"""The cost of a turn over the agent protocol, and of an append: ``python bench/agent_turn.py``.

Starts the whole stack twice on ports and data of its own: with fsync for every append as shipped, and
once more with the server's default fsync, so that the two stand side by side.
"""

import asyncio
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
from websockets.asyncio.client import connect

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.ports import free_port

TURNS = 200
WARM_UP = 20
READY_SECONDS = 60


@contextmanager
def stack(folder: Path) -> Iterator[tuple[int, psutil.Process, float]]:
    """The running stack: its agent port, its supervisor and how many seconds it took to be ready."""
    ports = {
        name: str(free_port())
        for name in ("PARLEY_PORT", "PARLEY_QUOTE_PORT", "PARLEY_AGENT_WS_PORT", "PARLEY_AGENT_RUN_PORT")
    }
    environment = os.environ | ports | {"PARLEY_DATA_DIR": str(folder)}
    began = time.perf_counter()
    with (folder / "stack.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "parley", "up"], env=environment, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        while time.perf_counter() - began < READY_SECONDS:
            try:
                if httpx.get(f"http://127.0.0.1:{ports['PARLEY_PORT']}/health").status_code == 200:
                    break
            except httpx.TransportError:
                time.sleep(0.02)
        ready = time.perf_counter() - began
        yield int(ports["PARLEY_AGENT_WS_PORT"]), psutil.Process(process.pid), ready
    finally:
        process.terminate()
        process.wait(30)


def processes(supervisor: psutil.Process) -> list[psutil.Process]:
    return [supervisor, *supervisor.children(recursive=True)]


def cpu_seconds(supervisor: psutil.Process) -> float:
    return sum(sum(each.cpu_times()[:2]) for each in processes(supervisor))


async def turns(port: int, count: int, chat: str) -> list[tuple[float, float]]:
    """Milliseconds to the first step and to the end of each turn."""
    times = []
    async with connect(f"ws://127.0.0.1:{port}/chat/{chat}") as socket:
        for number in range(count):
            message = {"type": "client", "message": "get all contacts", "message_id": f"m{number}"}
            began = time.perf_counter()
            await socket.send(json.dumps(message))
            frame = json.loads(await socket.recv())
            first = time.perf_counter() - began
            while frame["type"] == "agent_step":
                frame = json.loads(await socket.recv())
            assert frame["type"] == "message_end", frame
            times.append((first * 1000, (time.perf_counter() - began) * 1000))
    return times


def percentiles(values: list[float]) -> str:
    ordered = sorted(values)
    return f"p50 {statistics.median(ordered):7.2f} ms   p99 {ordered[int(len(ordered) * 0.99) - 1]:7.2f} ms"


def measure(folder: Path) -> None:
    with stack(folder) as (port, supervisor, ready):
        memory = sum(each.memory_info().rss for each in processes(supervisor)) / 1e6
        unique = sum(each.memory_full_info().uss for each in processes(supervisor)) / 1e6
        print(f"  ready after             {ready:6.1f} s")
        print(f"  memory idle             {memory:6.0f} MB resident, {unique:.0f} MB of it not shared")
        asyncio.run(turns(port, WARM_UP, "warm-up"))
        before = cpu_seconds(supervisor)
        times = asyncio.run(turns(port, TURNS, "measured"))
        cpu = (cpu_seconds(supervisor) - before) / TURNS * 1000
        print(f"  to the first step       {percentiles([first for first, _ in times])}")
        print(f"  to message_end          {percentiles([end for _, end in times])}")
        print(f"  CPU of all processes    {cpu:6.1f} ms a turn")


def main() -> None:
    print(f"{platform.platform()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print(f"{TURNS} turns of three steps with the embedded model")
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder))


if __name__ == "__main__":
    main()
