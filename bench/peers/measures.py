"""What is measured. Each gives a flat row of figures; times in milliseconds, memory in MB or KB."""

import asyncio
import json
import subprocess
import sys
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median, quantiles

from peers.clients import Conversation
from peers.contestants import HERE, Contestant, Door
from peers.environments import python
from peers.postgres import Postgres

Row = dict[str, float]

PAD = "x" * 196
PLAIN = f"0|plain|{PAD}"
TURN_SECONDS = 60


@dataclass(frozen=True)
class Amount:
    """How much of each is done."""

    turns: int
    alone: int
    ten: int
    fifty: int
    streams: int
    idle: int

    def slower(self, by: int) -> "Amount":
        """For a peer whose turn takes a second by design."""
        few = {name: max(getattr(self, name) // by, 2) for name in ("turns", "alone", "ten", "fifty")}
        return replace(self, **few)


FULL = Amount(turns=30, alone=40, ten=200, fifty=300, streams=100, idle=5000)
QUICK = Amount(turns=10, alone=10, ten=60, fifty=100, streams=30, idle=300)


async def latency(door: Door, amount: Amount) -> Row:
    """First token (or step) and whole turn of one client, medians."""
    async with asyncio.timeout(TURN_SECONDS):
        talk: Conversation = await door(new())
        for _ in range(3):
            await talk.turn(PLAIN)
        turns = [await talk.turn(PLAIN) for _ in range(amount.turns)]
        await talk.close()
    return {
        "first_ms": 1000 * median(turn.first for turn in turns),
        "turn_ms": 1000 * median(turn.end for turn in turns),
    }


async def throughput(contestant: Contestant, door: Door, amount: Amount) -> Row:
    """Turns a second and CPU a turn with 1, 10 and 50 clients, each in a conversation of its own."""
    row: Row = {}
    for clients, total in ((1, amount.alone), (10, amount.ten), (50, amount.fifty)):
        async with asyncio.timeout(TURN_SECONDS):
            talks: list[Conversation] = [await door(new()) for _ in range(clients)]
            await asyncio.gather(*(talk.turn(PLAIN) for talk in talks))
            left = iter(range(total))
            used, began = contestant.cpu(), time.perf_counter()

            async def work(talk: Conversation, left: Sequence[int] = left) -> None:  # type: ignore[assignment]  # shared
                for _ in left:
                    await talk.turn(PLAIN)

            await asyncio.gather(*(work(talk) for talk in talks))
            took = time.perf_counter() - began
            row[f"turns_s_{clients}"] = total / took
            row[f"cpu_ms_{clients}"] = 1000 * (contestant.cpu() - used) / total
            await asyncio.gather(*(talk.close() for talk in talks))
    return row


async def way_of_a_token(door: Door, amount: Amount, delay: int = 50) -> Row:
    """From the making of a token to its client, with many streams at one token in `delay` ms."""
    took: list[float] = []

    def told(text: str) -> None:
        took.append(time.monotonic() - float(text))

    async with asyncio.timeout(TURN_SECONDS):
        talks: list[Conversation] = [await door(new()) for _ in range(amount.streams)]
        await asyncio.gather(*(talk.turn(PLAIN) for talk in talks))
        await asyncio.gather(*(talk.turn(f"{delay}|stamped|{PAD}", told) for talk in talks))
        await asyncio.gather(*(talk.close() for talk in talks))
    return {"token_p50_ms": 1000 * median(took), "token_p99_ms": 1000 * quantiles(took, n=100)[98]}


async def idle_sockets(contestant: Contestant, door: Door, amount: Amount) -> Row:
    """Memory of one open WebSocket that says nothing, over all processes, after a turn on another."""
    talk: Conversation = await door(new())
    await talk.turn(PLAIN)
    before = contestant.memory()
    talks: list[Conversation] = []
    async with asyncio.timeout(2 * TURN_SECONDS):
        while len(talks) < amount.idle:
            some = range(min(20, amount.idle - len(talks)))
            talks += await asyncio.gather(*(door(new()) for _ in some))
        await asyncio.sleep(2)  # whatever follows an opening is over
        row = {"socket_kb": 1000 * (contestant.memory() - before) / len(talks)}
        await talk.turn(PLAIN)
    await asyncio.gather(talk.close(), *(each.close() for each in talks))
    return row


async def takeover(contestant: Contestant, door: Door, patience: float) -> Row:
    """Kill -9 at the fifth token of the second turn, start anew; seconds until the turn has ended by itself.

    No `finished_s` where it had not within `patience` seconds.
    """
    thread, fifth = new(), asyncio.Event()
    talk: Conversation = await door(thread)
    await talk.turn(PLAIN)
    seen: list[str] = []

    def told(text: str) -> None:
        seen.append(text)
        if len(seen) == 5:
            fifth.set()

    broken = asyncio.create_task(talk.turn(f"50|plain|{PAD}", told))
    await asyncio.wait_for(fifth.wait(), TURN_SECONDS)
    if contestant.server is None:
        raise RuntimeError(f"{contestant.name} has no server")
    contestant.server.kill()
    await asyncio.wait([broken], timeout=TURN_SECONDS)
    broken.cancel()
    await asyncio.gather(broken, return_exceptions=True)
    row = {"restart_s": await contestant.start()}
    began = time.perf_counter()
    while time.perf_counter() - began < patience:
        try:
            kept = await contestant.messages(thread)
        except Exception as error:  # noqa: BLE001 # every client has errors of its own for "not yet"
            kept = [repr(error)]
        row["messages"] = float(len(kept))
        if len(kept) == 4:
            row["finished_s"] = time.perf_counter() - began
            break
        await asyncio.sleep(0.1)
    return row


def checkpoints(folder: Path, kind: str, address: str, turns: Sequence[int]) -> dict[str, Row]:
    """`savers` in the environment that has the saver."""
    program = python(folder, "hand") if kind == "postgres" else sys.executable
    command = [str(program), str(HERE / "savers.py"), kind, address, *map(str, turns)]
    answer = subprocess.run(command, check=False, capture_output=True, text=True, timeout=180)
    if answer.returncode:
        raise RuntimeError(answer.stderr.strip().splitlines()[-1])
    rows: dict[str, Row] = json.loads(answer.stdout)
    return rows


def postgres_checkpoints(folder: Path, server: Postgres, turns: Sequence[int]) -> dict[str, Row]:
    """AsyncPostgresSaver's."""
    return checkpoints(folder, "postgres", server.make(f"savers_{uuid.uuid4().hex}"), turns)


def new() -> str:
    """A thread's name."""
    return str(uuid.uuid4())
