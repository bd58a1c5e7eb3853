"""First event, first token and whole run over ``langgraph-sdk``: Parley and ``langgraph dev`` in turns.

``python bench/langgraph_api.py [FILE]`` starts both with the same graph, the peer from the environment that
``make bench-peers`` makes as well, and prints a table, or writes it into FILE. Every run has a thread of its
own.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvloop
from langgraph_sdk import get_client
from peers import environments
from peers.contestants import Contestant, LangGraphDev, Parley
from peers.measures import PLAIN

CACHE = Path.home() / ".cache" / "parley-peers"
RUNS = 30
WARM = 3
MODES: Any = ["messages-tuple", "values"]
Figures = dict[str, float]


@dataclass
class Server:
    """One of those compared; `figures` are milliseconds by what was measured, of every run."""

    contestant: Contestant
    assistant: str
    url: Callable[[], str]
    figures: dict[str, list[float]] = field(default_factory=dict)

    async def turn(self, *, counts: bool) -> None:
        """One run of each kind."""
        async with get_client(url=self.url(), api_key=None) as client:
            for measure in (self._streamed, self._waited):
                thread = (await client.threads.create())["thread_id"]
                given = {"messages": [{"role": "user", "content": PLAIN}]}
                taken = await measure(client, thread, given)
                if counts:
                    for name, seconds in taken.items():
                        self.figures.setdefault(name, []).append(seconds * 1000)

    async def _streamed(self, client: Any, thread: str, given: Any) -> Figures:
        began = time.perf_counter()
        taken: Figures = {}
        async for part in client.runs.stream(thread, self.assistant, input=given, stream_mode=MODES):
            past = time.perf_counter() - began
            taken.setdefault("streamed: first event", past)
            if part.event == "messages" and part.data[0]["type"] == "AIMessageChunk":
                taken.setdefault("streamed: first token", past)
            if part.event == "error":
                raise RuntimeError(str(part.data)[:200])
        return taken | {"streamed: whole run": time.perf_counter() - began}

    async def _waited(self, client: Any, thread: str, given: Any) -> Figures:
        began = time.perf_counter()
        await client.runs.wait(thread, self.assistant, input=given)
        return {"waited for": time.perf_counter() - began}


async def measured(folder: Path) -> list[Server]:
    """Both, started, measured and stopped."""
    parley, dev = Parley(folder), LangGraphDev(folder, CACHE)
    servers = [
        Server(parley, "peer", lambda: f"http://127.0.0.1:{parley.langgraph}"),
        Server(dev, dev.assistant, lambda: dev.url),
    ]
    async with AsyncExitStack() as running:
        for server in servers:
            await server.contestant.start()
            running.push_async_callback(server.contestant.stop)
        for number in range(WARM + RUNS):
            for server in servers[:: -1 if number % 2 else 1]:
                await server.turn(counts=number >= WARM)
    return servers


def table(servers: list[Server]) -> str:
    """Medians, what one of twenty runs is above, and the ratio of the medians."""
    ours, peers = servers
    known = environments.versions(CACHE)["langgraph-dev"]
    lines = [
        f"{datetime.now(UTC):%Y-%m-%d}, langgraph-api {known['langgraph-api']}, {RUNS} runs each, in turns; "
        "milliseconds, median (p95).",
        "",
        "| | Parley | langgraph dev | times as long there |",
        "| --- | --- | --- | --- |",
    ]
    for name, own in ours.figures.items():
        other = peers.figures[name]
        ratio = statistics.median(other) / statistics.median(own)
        lines.append(f"| {name} | {_shown(own)} | {_shown(other)} | {ratio:.1f} |")
    return "\n".join(lines) + "\n"


def _shown(figures: list[float]) -> str:
    return f"{statistics.median(figures):.1f} ({statistics.quantiles(figures, n=20)[-1]:.1f})"


def main() -> None:
    environments.install(CACHE)
    with tempfile.TemporaryDirectory() as folder:
        work: Callable[[Path], Coroutine[Any, Any, list[Server]]] = measured
        text = table(uvloop.run(work(Path(folder))))
    if sys.argv[1:]:
        Path(sys.argv[1]).write_text(text)
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
