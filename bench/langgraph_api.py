"""First event and whole run over ``langgraph-sdk``, of Parley and of another server in turns.

``python bench/langgraph_api.py URL GRAPH [URL GRAPH]``, such as ``http://127.0.0.1:2024 talker``. Both serve
the same graph, which takes ``{"messages": [...]}``; the runs are made by turns, so that both have the same
machine. ``--serve FOLDER`` writes what ``langgraph dev``, which we do not require, serves the graph of
`room_events` by.
"""

import asyncio
import json
import statistics
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from langgraph_sdk import get_client

RUNS = 20
WARM = 3
MODES: Any = ["messages-tuple", "values"]


@dataclass
class Server:
    """One of those compared.

    Attributes:
        first: seconds to the first event that has a token or a value in it.
        whole: seconds to the end of the stream.
    """

    url: str
    graph: str
    first: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)

    async def run(self, *, counts: bool) -> None:
        """One run on a thread of its own."""
        async with get_client(url=self.url) as client:
            thread = (await client.threads.create())["thread_id"]
            began = time.perf_counter()
            first = 0.0
            said: Any = {"messages": [{"role": "user", "content": "go on"}]}
            async for part in client.runs.stream(thread, self.graph, input=said, stream_mode=MODES):
                if not first and part.event in ("messages", "values"):
                    first = time.perf_counter() - began
            if counts:
                self.first.append(first)
                self.whole.append(time.perf_counter() - began)


async def measured(servers: list[Server]) -> None:
    for number in range(WARM + RUNS):
        for server in servers:
            await server.run(counts=number >= WARM)


def serve(folder: Path) -> None:
    """Write what ``langgraph dev`` needs to serve the same graph."""
    folder.mkdir(parents=True, exist_ok=True)
    graph = Path(__file__).with_name("room_events.py").resolve()
    config = {"dependencies": ["."], "graphs": {"talker": f"{graph}:graph"}}
    (folder / "langgraph.json").write_text(json.dumps(config))


def main() -> None:
    if sys.argv[1] == "--serve":
        serve(Path(sys.argv[2]))
        return
    servers = [Server(url, graph) for url, graph in zip(sys.argv[1::2], sys.argv[2::2], strict=True)]
    asyncio.run(measured(servers))
    for server in servers:
        first, whole = (statistics.median(times) * 1000 for times in (server.first, server.whole))
        sys.stdout.write(
            f"{server.url}: first event {first:.1f} ms, whole run {whole:.1f} ms (median of {RUNS})\n"
        )
    if len(servers) == 2:
        ours, peers = servers
        for name, one, other in (
            ("first event", ours.first, peers.first),
            ("whole run", ours.whole, peers.whole),
        ):
            ratio = statistics.median(other) / statistics.median(one)
            sys.stdout.write(f"{name}: {ratio:.1f} times as long there\n")


if __name__ == "__main__":
    main()
