"""What many conversations need, computed from what one costs.

``python bench/scale.py`` prints the tables of docs/scale.md; with ``measure`` it measures first, with a
nats-server of its own, what of it takes a minute here, and writes ``bench/scale.json``. The rest names the
bench that prints it, or is assumed.
"""

import asyncio
import gzip
import json
import math
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

import nats
from nats.aio.client import Client

from contracts import subjects
from contracts.events import ENDS
from eventlog.archived import Archived
from eventlog.sharding import MAX_STREAMS
from history_store.tables import ConversationRow

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.ports import free_port

from conftest import NatsServer, declared  # the tests' own

ROOT: Final = Path(__file__).parents[1]
MEASURED: Final = ROOT / "bench" / "scale.json"
SUBJECTS: Final = 50_000
SECONDS: Final = 10.0
WRITERS: Final = 50
GIB: Final = 1 << 30
DAY: Final = 86_400
BUCKETS: Final = 65_536
"""Subjects that stream ARCHIVE has at most."""
ASSUMED: Final = "assumed"
EARLIER: Final = "an earlier measurement on two cores, not repeated by a script here"
HERE: Final = "`python bench/scale.py`"
FROZEN: Final = f"{HERE} from `tests/frozen/room-1.jsonl`"


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
        hours_a_day: for how long that goes on each day.
        turns: of a conversation.
    """

    talking: int = 100_000
    pause: float = 30.0
    quiet: int = 10_000_000
    kept_days: float = 7.0
    hours_a_day: float = 8.0
    turns: int = 10


def fixed() -> dict[str, Cost]:
    """What other benches print, and what nobody has measured."""
    events, size, packed = _turn_of("room-1")
    return {
        "events": Cost(events, "events a turn", FROZEN),
        "size": Cost(round(size), "bytes a turn, headers included", FROZEN),
        "packed": Cost(round(packed, 2), "of that in the archive's files", FROZEN),
        "entry": Cost(_entry(), "bytes a conversation in stream ARCHIVE", HERE),
        "turns": Cost(
            128, "turns a second with all of it on two cores", "a run beside others, ten rooms at once"
        ),
        "subjects": Cost(4, "subjects a conversation, beside one a message", "`tests/frozen/room-1.jsonl`"),
        "projected": Cost(11_600, "events a second", "`tests/chaos/test_rebuild_of_a_long_log.py`"),
        "work": Cost(0.012, "seconds of CPU a turn, all services, no model", EARLIER),
        "edge": Cost(76 * 1024, "bytes a connection of a room", EARLIER),
        "replicas": Cost(3, "copies of each event", ASSUMED),
        "places": Cost(4, "copies of streams a nats-server takes", ASSUMED),
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
    each = (cost("subjects") + load.turns) * cost("subject")
    memory = in_log * each
    index = min(load.quiet, BUCKETS) * cost("subject")
    disk = daily * (1 + load.kept_days) * cost("size") * cost("replicas")
    unarchived = load.quiet * each
    copies = cost("replicas")
    servers = max(
        3, math.ceil(streams * copies / cost("places")), math.ceil(memory * copies / cost("memory"))
    )
    return [
        ("turns a second", f"{turns:,.0f}", f"{load.talking:,} / {load.pause:g} s"),
        ("events a second", f"{events:,.0f}", "turns × events a turn"),
        ("LOG streams", f"{streams}", "turns / (turns a stream takes × use)"),
        (
            "installations",
            f"{math.ceil(streams / MAX_STREAMS)}",
            f"streams / {MAX_STREAMS}, the most that one has",
        ),
        ("nats-servers", f"{servers}", "streams × copies / what a server takes, and memory"),
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
            _bytes(load.quiet * load.turns * cost("size") * cost("packed")),
            "quiet × turns × size × what compression leaves",
        ),
        (
            "projectors",
            f"{math.ceil(events / (cost('projected') * cost('use')))}",
            "events / (what one projects × use)",
        ),
        ("cores for all services", f"{math.ceil(turns * cost('work') / cost('use'))}", "turns × CPU / use"),
        ("memory of edges", _bytes(load.talking * cost("edge")), "a connection each"),
    ]


def by_streams(costs: Mapping[str, Cost], load: Load) -> list[tuple[int, float, float, int]]:
    """For each number of streams of one installation: the turns a second that it takes, the conversations
    that talk, and the nats-servers for it, of which each has as many leaders as the others."""
    lines = []
    for streams in (1, 2, 4, 8):
        turns = streams * costs["turns"].value * costs["use"].value
        servers = max(3, math.ceil(streams * costs["replicas"].value / costs["places"].value))
        lines.append((streams, turns, turns * load.pause, servers))
    return lines


def _turn_of(frozen: str) -> tuple[float, float, float]:
    """Events and bytes of a turn in a log that a release wrote, and what compression leaves of its file."""
    text = (ROOT / "tests" / "frozen" / f"{frozen}.jsonl").read_text()
    found = [json.loads(line) for line in text.splitlines()[1:-1]]
    ended = {event.type for event in ENDS}
    turns = sum(each["headers"]["ce-type"] in ended for each in found)
    said = [each for each in found if not each["subject"].startswith("conversation.")]
    size = sum(
        len(json.dumps(each["payload"], ensure_ascii=False).encode())
        + sum(len(f"{name}: {value}\r\n".encode()) for name, value in each["headers"].items())
        for each in said
    )
    return len(said) / turns, size / turns, len(gzip.compress(text.encode())) / len(text.encode())


def _entry() -> int:
    """Bytes of an archived conversation in the index."""
    key, time = f"{uuid4()}", "2026-11-28T12:00:00.000000Z"
    row = ConversationRow(
        incarnation=10**9,
        key=key,
        responder="agent-runner",
        graph="chat",
        protocol="room",
        created_at=time,
        updated_at=time,
        state_updated_at=time,
        last_sequence=10**9,
        outcome="completed",
    )
    archived = Archived(10**9, f"00/{key}/{10**9}.jsonl.gz", 40, row.model_dump())
    return len(json.dumps({key: asdict(archived)}))


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
    command = "`python bench/scale.py measure`"
    return {
        "subject": Cost(round((own - base) / SUBJECTS), "bytes of nats-server's memory a subject", command),
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
    out += ["", "| `PARLEY_LOG_STREAMS` | turns a second | conversations that talk | nats-servers |"]
    out += ["|---|---|---|---|"]
    out += [
        f"| {each} | {turns:,.0f} | {talk:,.0f} | {many} |"
        for each, turns, talk, many in by_streams(costs, Load())
    ]
    out += ["", "| one … | costs | source |", "|---|---|---|"]
    out += [f"| {name} | {cost.value:,g} {cost.unit} | {cost.source} |" for name, cost in costs.items()]
    sys.stdout.write("\n".join(out) + "\n")


if __name__ == "__main__":
    main()
