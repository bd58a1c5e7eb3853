"""A long log is rebuilt to the same digest each time; the time it takes is printed."""

import time
from pathlib import Path

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
from history_store.rebuild import rebuild, second
from history_store.store import Store
from history_store.tables import POSITION

PER_CONVERSATION = 1000


@pytest.mark.parametrize("events", [20_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
async def test_a_long_log_is_rebuilt(own_nats: NatsServer, tmp_path: Path, events: int) -> None:
    settings = NatsSettings(url=own_nats.url)
    broker = Broker(settings, "test")
    await broker.start()
    log = JetStreamLog(broker, Registry(REGISTERED, UPCASTERS), settings)
    for number in range(events // PER_CONVERSATION):
        await fill(log, f"long {number}")
    live = Store(f"sqlite+aiosqlite:///{tmp_path / 'history.sqlite3'}")
    await live.prepare()
    async with live.writing() as connection:
        await connection.execute(update(POSITION).values(sequence=events))  # rows lost, position kept
    begun = time.monotonic()
    async with second(live) as beside:
        built = await rebuild(log, live, beside, verify=False, say=print)
    print(f"\n{built.events} events rebuilt in {time.monotonic() - begun:.1f} s")
    async with second(live) as beside:
        verified = await rebuild(log, live, beside, verify=True, say=print)
    assert built.events == events
    assert verified.differences == 0
    assert verified.digests.of_all() == built.digests.of_all()
    await live.close()
    await broker.stop()


async def fill(log: Log, conversation: str) -> None:
    """A conversation of a thousand events, in one batch."""
    author = Author(source="test")
    tail = await log.position()
    facts = [author.envelope(conversation, ConversationStarted(responder_name="nobody", protocol="agent"))]
    while len(facts) < PER_CONVERSATION:
        message = MessageReceived(addressee="nobody", text=f"say {len(facts)}", protocol="agent")
        said = author.envelope(conversation, message)
        run = {"run_id": said.id, "message_sequence": tail + len(facts) + 1}
        facts += [
            said,
            author.envelope(conversation, RunStarted.model_validate(run)),
            author.envelope(conversation, RunCompleted.model_validate(run | {"text": f"said {len(facts)}"})),
        ]
    await log.append(facts[:PER_CONVERSATION], expected=0)
