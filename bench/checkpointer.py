"""What a checkpoint costs as a conversation grows: over the log, in memory, and in SQLite if it is installed.

Run as ``python bench/checkpointer.py [TURNS …] [--plot FILE.svg]`` with nats-server beside the interpreter;
the plot is of every turn over the log. A turn is three checkpoints: the user's message, a plan, the reply.
Times are medians in milliseconds. SQLite keeps its default of fsync at checkpoints of its WAL; the log has
``sync_interval: always``.
"""

import argparse
import asyncio
import pickle
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Any

import nats
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, empty_checkpoint
from langgraph.checkpoint.base.id import uuid6
from langgraph.checkpoint.memory import InMemorySaver
from plot import Series, picture

from agent_runner.engine.checkpointer import LogCheckpointSaver
from contracts.envelope import Recorded
from contracts.events import REGISTERED, UPCASTERS, Event
from contracts.registry import Registry
from eventlog.author import Author
from eventlog.broker import Broker
from eventlog.jetstream import JetStreamLog
from eventlog.ports import Log
from eventlog.settings import NatsSettings
from eventlog.streams import WrongStream, declare

AROUND = 10
"""Turns before each point that are measured."""

START_SECONDS = 20.0


class Talk:
    """A conversation that grows, put as LangGraph puts it."""

    def __init__(self, saver: BaseCheckpointSaver[Any], thread: str) -> None:
        self.saver = saver
        self.config: RunnableConfig = {"configurable": {"thread_id": thread, "checkpoint_ns": ""}}
        self.messages: list[AnyMessage] = []
        self.versions: dict[str, Any] = {}
        self.step = -1
        self.put_times: list[float] = []

    async def put(self, **channels: Any) -> str:
        """One super-step: its tasks' writes, then its checkpoint; returns the checkpoint's id."""
        if "checkpoint_id" in self.config["configurable"]:
            await self.saver.aput_writes(self.config, list(channels.items()), f"task-{self.step}")
        if "messages" in channels:
            self.messages = [*self.messages, *channels["messages"]]
        new = {name: self.saver.get_next_version(self.versions.get(name), None) for name in channels}
        self.versions = {**self.versions, **new}
        self.step += 1
        checkpoint = empty_checkpoint() | {
            "id": str(uuid6(clock_seq=self.step)),
            "channel_values": {**channels, "messages": self.messages},
            "channel_versions": self.versions,
            "versions_seen": {"model": dict(self.versions)},
        }
        began = time.perf_counter()
        self.config = await self.saver.aput(
            self.config,
            checkpoint,
            {"source": "loop", "step": self.step, "parents": {}},
            new,
        )
        self.put_times.append(time.perf_counter() - began)
        return str(checkpoint["id"])

    async def turn(self, number: int) -> list[str]:
        """A question, a plan and a reply of some 300 characters."""
        return [
            await self.put(messages=[HumanMessage(f"question {number} " * 8, id=f"h{number}")]),
            await self.put(plan=[{"step": step, "status": "done"} for step in range(3)]),
            await self.put(messages=[AIMessage(f"reply {number} " * 30, id=f"a{number}")]),
        ]


async def measure_plain(
    saver: BaseCheckpointSaver[Any], size: Callable[[], int], points: list[int]
) -> dict[int, dict[str, float]]:
    """Puts that are stored at once."""
    talk, rows = Talk(saver, "plain"), {}
    before = size()
    for number in range(1, max(points) + 1):
        await talk.turn(number)
        if number in points:
            rows[number] = {
                "put": 1000 * median(talk.put_times[-3 * AROUND :]),
                "warm": await timed(saver),
                "KB/turn": (size() - before) / 1000 / number,
            }
    return rows


async def timed(saver: BaseCheckpointSaver[Any], prepare: Callable[[], object] = lambda: None) -> float:
    """Milliseconds of reading the newest checkpoint."""
    times = []
    for _ in range(5):
        prepare()
        began = time.perf_counter()
        assert await saver.aget_tuple({"configurable": {"thread_id": "plain", "checkpoint_ns": ""}})
        times.append(time.perf_counter() - began)
    return 1000 * median(times)


async def measure_log(log: Log, points: list[int]) -> tuple[dict[int, dict[str, float]], list[Series]]:
    """As in a run: puts are staged, and appended one by one under the conversation's fence.

    The series are of each turn: its read and its three checkpoints.
    """
    author = Author(source="bench")
    saver = LogCheckpointSaver(log, author)
    talk, rows, tail = Talk(saver, "plain"), {}, 0
    events: list[Event] = []
    times, sizes = Series("milliseconds a turn"), Series("KB stored a turn")
    commits: list[float] = []
    appends: list[float] = []
    warm: list[float] = []
    for number in range(1, max(points) + 1):
        known = len(events)
        with saver.staging("plain", tail=tail) as stage:
            began = time.perf_counter()
            await saver.aget_tuple({"configurable": {"thread_id": "plain", "checkpoint_ns": ""}})
            warm.append(time.perf_counter() - began)
            puts = len(talk.put_times)
            for put, identity in enumerate(await talk.turn(number)):
                began = time.perf_counter()
                await stage.reach(identity, START_SECONDS)
                for event in stage.carry():
                    events.append(event)
                    recorded: tuple[Recorded, ...]
                    append_began = time.perf_counter()
                    recorded = await log.append([author.envelope("plain", event)], expected=tail)
                    appends.append(time.perf_counter() - append_began)
                    tail = recorded[-1].sequence
                    saver.committed(recorded)
                commits.append(time.perf_counter() - began + talk.put_times[puts + put])
        times.values.append(1000 * (warm[-1] + sum(commits[-3:])))
        sizes.values.append(sum(map(stored_bytes, events[known:])) / 1000)
        if number in points:
            rows[number] = {
                "put": 1000 * median(commits[-3 * AROUND :]),
                "mean put": 1000 * sum(commits) / len(commits),
                "append": 1000 * median(appends[-3 * AROUND :]),
                "staged": 1000 * median(talk.put_times[-3 * AROUND :]),
                "warm": 1000 * median(warm[-AROUND:]),
                "cold": await timed(saver, lambda: saver.forget("plain")),
                "KB/turn": sum(sizes.values) / number,
            }
    return rows, [times, sizes]


def stored_bytes(event: Event) -> int:
    """How many bytes the log keeps of an event beside its headers."""
    return len(event.model_dump_json(exclude_defaults=True).encode())


@asynccontextmanager
async def server(folder: Path) -> AsyncIterator[Log]:
    """A log over a nats-server of its own that syncs every write."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = folder / "nats.conf"
    config.write_text(
        f'listen: 127.0.0.1:{port}\njetstream {{ store_dir: "{folder}", sync_interval: always }}\n'
    )
    program = Path(sys.executable).with_name("nats-server")
    process = await asyncio.create_subprocess_exec(program, "-c", config, stderr=subprocess.DEVNULL)
    try:
        settings = NatsSettings(url=f"nats://127.0.0.1:{port}")
        async with asyncio.timeout(START_SECONDS):
            while True:
                try:
                    client = await nats.connect(settings.url, allow_reconnect=False, error_cb=_ignore)
                    await declare(client, log_bytes=1 << 30, live_bytes=1 << 20)
                except (nats.errors.Error, OSError, WrongStream):
                    await asyncio.sleep(0.05)
                else:
                    break
        await client.close()
        broker = Broker(settings, "bench")
        await broker.start()
        yield JetStreamLog(broker, Registry(REGISTERED, UPCASTERS), settings)
        await broker.stop()
    finally:
        process.terminate()
        await process.wait()


async def _ignore(_: Exception) -> None:
    """The server is not up yet."""


def size_in_memory(saver: InMemorySaver) -> int:
    """Bytes it would take to keep what it holds."""
    return len(pickle.dumps([{str(key): value for key, value in saver.blobs.items()}, dict(saver.writes)]))


async def main(points: list[int]) -> list[Series]:
    """Measure and print; the last lines are the ratios to the first point. Gives what is to be plotted."""
    tables: dict[str, dict[int, dict[str, float]]] = {}
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        log = await stack.enter_async_context(server(folder))
        tables["log, in a run"], series = await measure_log(log, points)
        memory = InMemorySaver()
        tables["InMemorySaver"] = await measure_plain(memory, lambda: size_in_memory(memory), points)
        try:
            from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
        except ImportError:
            print("AsyncSqliteSaver is left out: langgraph-checkpoint-sqlite is not installed")
        else:
            path = folder / "bench.sqlite"
            sqlite = await stack.enter_async_context(AsyncSqliteSaver.from_conn_string(str(path)))
            tables["AsyncSqliteSaver"] = await measure_plain(
                sqlite, lambda: sum(part.stat().st_size for part in folder.glob("bench.sqlite*")), points
            )
    for name, rows in tables.items():
        print(f"\n{name}")
        columns = list(rows[points[0]])
        print("turns".rjust(8) + "".join(column.rjust(12) for column in columns))
        for point in points:
            print(f"{point:8}" + "".join(f"{rows[point][column]:12.3f}" for column in columns))
        first, last = rows[points[0]], rows[points[-1]]
        print("   ratio" + "".join(f"{last[column] / first[column]:11.1f}x" for column in columns))
    return series


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("turns", type=int, nargs="*", default=[1, 100, 500, 1000])
    parser.add_argument("--plot", type=Path)
    arguments = parser.parse_args()
    plotted = asyncio.run(main(sorted(arguments.turns)))
    if arguments.plot:
        arguments.plot.write_text(picture(plotted), encoding="utf-8")
