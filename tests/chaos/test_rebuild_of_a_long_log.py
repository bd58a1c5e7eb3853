"""A long log is rebuilt to the same digest each time; the time and the memory it takes are printed."""

import asyncio
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage

import pytest
from sqlalchemy import update
from tests.chaos.fleet import NatsServer

from contracts.events import (
    REGISTERED,
    UPCASTERS,
    ConversationStarted,
    MessageReceived,
    RunCompleted,
    RunStarted,
)
from contracts.registry import Registry
from eventlog.author import Author
from eventlog.broker import Broker
from eventlog.jetstream import JetStreamLog
from eventlog.ports import Log
from eventlog.settings import NatsSettings
from history_store.store import Store
from history_store.tables import POSITION

PER_CONVERSATION = 1000
AT_ONCE = 4
REBUILD_SECONDS = 900


@pytest.mark.timeout(3 * REBUILD_SECONDS)
@pytest.mark.parametrize("events", [20_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
async def test_a_long_log_is_rebuilt(own_nats: NatsServer, tmp_path: Path, events: int) -> None:
    begun = time.monotonic()
    settings = NatsSettings(url=own_nats.url)
    broker = Broker(settings, "test")
    await broker.start()
    log = JetStreamLog(broker, Registry(REGISTERED, UPCASTERS), settings)
    for number in range(0, events // PER_CONVERSATION, AT_ONCE):
        await asyncio.gather(*(fill(log, f"long {number + other}") for other in range(AT_ONCE)))
    await broker.stop()
    print(f"\n{events} events stored in {time.monotonic() - begun:.0f} s, {size_of(tmp_path)} MiB on disk")
    live = Store(f"sqlite+aiosqlite:///{tmp_path / 'history.sqlite3'}")
    await live.prepare()
    async with live.writing() as connection:
        await connection.execute(update(POSITION).values(sequence=events))  # rows lost, position kept
    await live.close()
    built = rebuilt(own_nats, tmp_path)
    verified = rebuilt(own_nats, tmp_path, "--verify")
    assert f"{events} events in " in built
    assert "the live rows are those of the log" in verified
    (digest,) = re.findall(r"digest sha256:\w{64}", built)
    assert digest in verified


def size_of(folder: Path) -> int:
    """In MiB."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) >> 20


def rebuilt(nats: NatsServer, folder: Path, *options: str) -> str:
    """What the command prints, which is printed here too, with the most memory that any child took so far."""
    done = subprocess.run(
        [sys.executable, "-m", "history_store", "rebuild", *options],
        env={**os.environ, "PARLEY_NATS_URL": nats.url, "PARLEY_DATA_DIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=REBUILD_SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    print(f"\n{done.stdout}{getrusage(RUSAGE_CHILDREN).ru_maxrss >> 10} MiB of memory")
    return done.stdout


async def fill(log: Log, conversation: str) -> None:
    """A conversation of a thousand events, in one batch; nobody asks where its messages stand in the log."""
    author = Author(source="test")
    facts = [author.envelope(conversation, ConversationStarted(responder_name="nobody", protocol="agent"))]
    while len(facts) < PER_CONVERSATION:
        message = MessageReceived(addressee="nobody", text=f"say {len(facts)}", protocol="agent")
        said = author.envelope(conversation, message)
        run = {"run_id": said.id, "message_sequence": len(facts)}
        facts += [
            said,
            author.envelope(conversation, RunStarted.model_validate(run)),
            author.envelope(conversation, RunCompleted.model_validate(run | {"text": f"said {len(facts)}"})),
        ]
    await log.append(facts[:PER_CONVERSATION], expected=0)
