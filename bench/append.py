"""What an append costs, with fsync for every one and without: ``python bench/append.py``."""

import asyncio
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from contracts.envelope import Envelope
from contracts.events import REGISTERED, UPCASTERS, MessageReceived
from contracts.registry import Registry
from eventlog.author import Author
from eventlog.broker import Broker
from eventlog.jetstream import JetStreamLog
from eventlog.settings import NatsSettings

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.ports import free_port

from conftest import NatsServer, declared  # the tests' own

APPENDS = 500
SYNCS = ("always", "2m")


def report(name: str, seconds: Sequence[float]) -> float:
    ordered = sorted(seconds)
    median = statistics.median(ordered) * 1000
    print(f"  {name:<22} p50 {median:6.2f} ms   p99 {ordered[int(len(ordered) * 0.99)] * 1000:6.2f} ms")
    return median


async def measure(url: str) -> list[float]:
    settings = NatsSettings(url=url)
    broker = Broker(settings, "bench")
    await broker.start()
    log, author = JetStreamLog(broker, Registry(REGISTERED, UPCASTERS), settings), Author(source="bench")

    def events(count: int) -> list[Envelope]:
        message = MessageReceived(addressee="nobody", text="x" * 200, protocol="agent")
        return [author.envelope("bench", message) for _ in range(count)]

    medians, tail = [], 0
    for size in (1, 2, 10):
        taken = []
        for _ in range(APPENDS // size):
            batch = events(size)
            began = time.perf_counter()
            tail = (await log.append(batch, expected=tail))[-1].sequence
            taken.append(time.perf_counter() - began)
        medians.append(report("one event" if size == 1 else f"a batch of {size}", taken))
    await broker.stop()
    return medians


def main() -> None:
    print(f"{platform.platform()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    medians = []
    for sync in SYNCS:
        with tempfile.TemporaryDirectory() as folder:
            server = NatsServer(free_port(), Path(folder), sync=sync)
            server.start()
            try:
                asyncio.run(declared(server.url, 1))
                print(f"sync_interval: {sync}")
                medians.append(asyncio.run(measure(server.url)))
            finally:
                server.kill()
    with_fsync, without = medians
    ratios = " / ".join(f"{one / other:.1f}" for one, other in zip(with_fsync, without, strict=True))
    print(f"with fsync over without: {ratios}")


if __name__ == "__main__":
    main()
