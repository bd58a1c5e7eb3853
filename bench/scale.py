"""What many conversations need, computed from what one costs.

``python bench/scale.py`` prints the tables of docs/scale.md; with ``measure`` it measures first, with a
nats-server of its own, what of it takes a minute here, and writes ``bench/scale.json``. The rest names the
bench that prints it, or is assumed.
"""

import asyncio
import json
import math
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

import nats
from nats.aio.client import Client

from contracts import subjects
from contracts.events import ENDS, REGISTERED, UPCASTERS, MessageReceived
from contracts.registry import Registry
from eventlog.author import Author
from eventlog.broker import Broker
from eventlog.jetstream import JetStreamLog
from eventlog.settings import NatsSettings

sys.path.insert(0, str(Path(__file__).parents[1]))
from conftest import NatsServer, declared, free_port  # the tests' own

ROOT: Final = Path(__file__).parents[1]
MEASURED: Final = ROOT / "bench" / "scale.json"
SUBJECTS: Final = 50_000
SECONDS: Final = 10.0
WRITERS: Final = 50
GIB: Final = 1 << 30
DAY: Final = 86_400
ASSUMED: Final = "assumed"


@dataclass(frozen=True, slots=True)
class Cost:
    """What one of something takes.

    Attributes:
        source: the command that prints it, or that it is assumed.
    """

    value: float
    unit: str
    source: str


@dataclass(frozen=True, slots=True)
class Load:
    """What is asked of an installation.

    Attributes:
        talking: conversations that somebody talks in.
        pause: seconds between two messages of one of them.
        quiet: conversations that nobody talks in.
        kept_days: for how many days a conversation stays in the log after its last message.
        lasting_days: on how many days in a row somebody talks in one.
        turns: of a quiet conversation.
    """

    talking: int = 100_000
    pause: float = 30.0
    quiet: int = 10_000_000
    kept_days: float = 7.0
    hours_a_day: float = 8.0
    turns: int = 10


def fixed() -> dict[str, Cost]:
    """What other benches print, and what nobody has measured."""
    room = "`python bench/scale.py` from `tests/frozen/room-1.jsonl`"
    events, size = _turn_of("room-1")
    return {
        "events": Cost(events, "events a turn", room),
        "size": Cost(size, "bytes a turn, headers included", room),
        "archived": Cost(0.15, "of that in the archive's files", "`bench/archive.py`"),
        "entry": Cost(420, "bytes in stream ARCHIVE a conversation", "`bench/archive.py`"),
        "projected": Cost(
            11_600, "events a second", "`tests/chaos/test_rebuild_of_a_long_log.py`, long form"
        ),
        "runner": Cost(
            0.0045, "seconds of CPU a turn", "`python bench/agent_turn.py`; without a model's own"
        ),
        "edge": Cost(76 * 1024, "bytes a connection", "issue's run of 3,000 idle rooms"),
        "replicas": Cost(3, "copies of each event", ASSUMED),
        "memory": Cost(8 * GIB, "bytes of memory a nats-server", ASSUMED),
        "use": Cost(0.5, "of what was measured is planned with", ASSUMED),
    }


def model(costs: Mapping[str, Cost], load: Load) -> list[tuple[str, str, str]]:
    """Each line: what is needed, how much, and of what that comes."""

    def cost(name: str) -> float:
        return costs[name].value

    turns = load.talking / load.pause
    events = turns * cost("events")
    streams = math.ceil(turns / (cost("turns") * cost("use")))
    daily = turns * load.hours_a_day * 3600
    in_log = load.talking * (1 + load.kept_days)
    subjects_each = cost("subjects") + load.turns
    memory = in_log * subjects_each * cost("subject")
    index = min(load.quiet, 65_536) * cost("subject") + load.quiet * 0
    disk = daily * (1 + load.kept_days) * cost("size") * cost("replicas")
    unarchived = load.quiet * subjects_each * cost("subject")
    servers = max(3, math.ceil(streams * cost("replicas") / 4), math.ceil(memory * 3 / cost("memory") / 3))
    return [
        ("turns a second", f"{turns:,.0f}", f"{load.talking:,} / {load.pause:g} s"),
        ("events a second", f"{events:,.0f}", "turns × events a turn"),
        ("LOG streams", f"{streams}", "turns / (turns a stream takes × use)"),
        ("nats-servers", f"{servers}", "replicas of streams, four a server, and memory"),
        ("memory of nats-server, in the log", _bytes(memory), "conversations in the log × subjects × memory"),
        ("memory of nats-server, archived", _bytes(index), "65,536 subjects at most"),
        ("the same, were nothing archived", _bytes(unarchived), "quiet conversations × subjects × memory"),
        ("disk of the log, all copies", _bytes(disk), "a day's turns × days kept × size × replicas"),
        (
            "stream ARCHIVE, all copies",
            _bytes(load.quiet * cost("entry") * cost("replicas")),
            "quiet × entry",
        ),
        (
            "archive's files",
            _bytes(load.quiet * load.turns * cost("size") * cost("archived")),
            "quiet × turns × size × what compression leaves",
        ),
        (
            "projectors",
            f"{math.ceil(events / (cost('projected') * cost('use')))}",
            "events / (what one projects × use)",
        ),
        ("cores for runners", f"{math.ceil(turns * cost('runner') / cost('use'))}", "turns × CPU / use"),
        ("memory of edges", _bytes(load.talking * cost("edge")), "a connection each"),
    ]


def _turn_of(frozen: str) -> tuple[float, float]:
    """Events and bytes of a turn in a log that was written by a release, without the beginning."""
    lines = (ROOT / "tests" / "frozen" / f"{frozen}.jsonl").read_text().splitlines()[1:-1]
    found = [json.loads(line) for line in lines]
    ended = {event.type for event in ENDS}
    turns = sum(each["headers"]["ce-type"] in ended for each in found)
    said = [each for each in found if not each["subject"].startswith("conversation.")]
    size = sum(
        len(json.dumps(each["payload"], ensure_ascii=False).encode())
        + sum(len(f"{name}: {value}\r\n".encode()) for name, value in each["headers"].items())
        for each in said
    )
    return len(said) / turns, size / turns


def _bytes(count: float) -> str:
    unit = (
        next(unit for unit in ("B", "kB", "MB", "GB", "TB", "PB") if (count := count / 1000) < 1)
        if count
        else "B"
    )
    return f"{count * 1000:,.1f} {unit}"


@asynccontextmanager
async def _server(folder: Path, sync: str) -> AsyncIterator[NatsServer]:
    server = NatsServer(free_port(), folder, sync=sync)
    server.start()
    try:
        await declared(server.url, 1)
        yield server
    finally:
        server.kill()


async def _publish(client: Client, names: list[str]) -> None:
    for start in range(0, len(names), 500):
        await asyncio.gather(
            *(client.request(name, b"{}", timeout=30) for name in names[start : start + 500])
        )


def _resident(server: NatsServer) -> int:
    assert server.process
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return 1024 * next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))


async def _memory(folder: Path, names: list[str]) -> float:
    """Bytes of a server's memory after it was started on a log with these subjects."""
    async with _server(folder, "2m") as server:
        client = await nats.connect(server.url)
        await _publish(client, names)
        await client.close()
        assert server.process
        server.process.terminate()  # as one that ends in peace, so that all is on the disk
        server.process.wait()
        server.start()
        await declared(server.url, 1)
        client = await nats.connect(server.url)
        await client.jetstream().get_last_msg(subjects.LOG_STREAM, names[0])
        await client.close()
        return _resident(server)


async def _turns(folder: Path) -> float:
    """Turns a second that one stream takes, a write to the disk for each of its three appends."""
    async with _server(folder, "always") as server:
        settings = NatsSettings(url=server.url)
        broker, author, done = Broker(settings, "bench"), Author("bench"), 0
        await broker.start()
        log = JetStreamLog(broker, Registry(REGISTERED, UPCASTERS), settings)
        events, size = _turn_of("room-1")
        said = MessageReceived(addressee="bench", protocol="agent", text="x" * int(size / events))
        until = time.monotonic() + SECONDS

        async def talk(key: str) -> None:
            nonlocal done
            tail = 0
            while time.monotonic() < until:
                for count in (1, 1, 2):
                    batch = [author.envelope(key, said) for _ in range(count)]
                    tail = (await log.append(batch, expected=tail))[-1].sequence
                done += 1

        await asyncio.gather(*(talk(f"talk-{number}") for number in range(WRITERS)))
        await broker.stop()
        return done / SECONDS


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


async def measure() -> dict[str, Cost]:
    """What takes a minute here."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        few = [subjects.event(f"k{each % 100}", "message.received", "bench", "-") for each in range(SUBJECTS)]
        many = [
            subjects.event(f"k{each % 100}", "message.received", "bench", f"{uuid4()}")
            for each in range(SUBJECTS)
        ]
        base, own = await _memory(_made(folder / "few"), few), await _memory(_made(folder / "many"), many)
        turns = await _turns(_made(folder / "turns"))
    command = "`python bench/scale.py measure`"
    return {
        "subject": Cost(round((own - base) / SUBJECTS), "bytes of nats-server's memory a subject", command),
        "turns": Cost(round(turns), "turns a second a stream, each append on the disk", command),
        "subjects": Cost(
            5, "subjects a conversation, beside one a repeatable message", "tests/frozen/room-1.jsonl"
        ),
    }


def main() -> None:
    """Print the tables as Markdown."""
    if sys.argv[1:] == ["measure"]:
        found = asyncio.run(measure())
        kept = {name: [cost.value, cost.unit, cost.source] for name, cost in found.items()}
        MEASURED.write_text(json.dumps(kept, indent=2) + "\n")
    costs = {name: Cost(*kept) for name, kept in json.loads(MEASURED.read_text()).items()} | fixed()
    out = ["| needed | how much | of what it comes |", "|---|---|---|"]
    out += [f"| {what} | {much} | {why} |" for what, much, why in model(costs, Load())]
    out += ["", "| one … | costs | source |", "|---|---|---|"]
    out += [f"| {name} | {cost.value:,g} {cost.unit} | {cost.source} |" for name, cost in costs.items()]
    sys.stdout.write("\n".join(out) + "\n")


if __name__ == "__main__":
    main()
