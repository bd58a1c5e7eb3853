"""What a frozen conversation comes to: its digest as a rebuild has it, and one of every state read back.

``python -m tests.frozen.replay NAME FILE`` freezes a file that `parley export` has written. Each change of
an event's schema adds one, written by the release before it; `test_frozen_logs` replays them all.
"""

import asyncio
import hashlib
import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from langchain_core.messages import BaseMessage
from pydantic_core import to_jsonable_python

from agent_runner.engine.checkpointer import LogCheckpointSaver
from contracts.events import REGISTERED, UPCASTERS
from contracts.registry import Registry
from eventlog.admin.porter import Porter
from eventlog.author import Author
from eventlog.broker import Broker
from eventlog.jetstream import JetStreamLog
from eventlog.ports import Log
from eventlog.settings import NatsSettings
from history_store.rebuild import rebuild, second
from history_store.store import Store

FOLDER = Path(__file__).parent


async def replay(nats_url: str, folder: Path, lines: Sequence[str]) -> dict[str, str]:
    """Bring the conversation into an empty log; the digests are the same on every machine."""
    settings = NatsSettings(url=nats_url)
    broker = Broker(settings, "replay")
    await broker.start()
    store = Store(f"sqlite+aiosqlite:///{folder / 'history.sqlite3'}")
    try:
        key, _ = await Porter(broker, settings).importing(lines)
        log = JetStreamLog(broker, Registry(REGISTERED, UPCASTERS), settings)
        await store.prepare()
        await store.apply([event async for event in log.read(key)], after=0)
        async with second(store) as beside:
            outcome = await rebuild(log, store, beside, verify=True, say=_quietly)
        assert outcome.differences == 0, outcome.examples
        return {"digest": outcome.digests.of_all(), "states": await digest_of_states(log, key)}
    finally:
        await store.close()
        await broker.stop()


async def digest_of_states(log: Log, conversation: str) -> str:
    """Over all checkpoints, newest first: hex SHA-256 of their values as JSON."""
    digest = hashlib.sha256()
    saver = LogCheckpointSaver(log, Author(source="replay"))
    async for saved in saver.alist({"configurable": {"thread_id": conversation}}):
        state = [saved.config["configurable"], _as_json(saved.checkpoint["channel_values"])]
        digest.update(json.dumps(state, ensure_ascii=False, sort_keys=True).encode())
    return digest.hexdigest()


def _as_json(values: dict[str, Any]) -> Any:
    """States as the digests have had them from the first; what clients are shown may change."""
    plain = {name: _messages(value) for name, value in values.items()}
    return to_jsonable_python(plain, fallback=repr, serialize_unknown=True)


def _messages(value: Any) -> Any:
    if isinstance(value, BaseMessage):
        return _message(value)
    if isinstance(value, list):
        return [_message(item) if isinstance(item, BaseMessage) else item for item in value]
    return value


def _message(message: BaseMessage) -> dict[str, Any]:
    plain = {"type": type(message).__name__, "content": message.content, "id": message.id}
    if calls := getattr(message, "tool_calls", None):
        plain["tool_calls"] = calls
    return plain


def _quietly(_: str) -> None:
    """Nobody reads the progress."""


def freeze(name: str, file: Path) -> None:
    """Keep a copy of the file with what it comes to."""
    from conftest import running_servers

    with TemporaryDirectory() as folder, running_servers(Path(folder) / "nats", 1) as (server,):
        expected = asyncio.run(replay(server.url, Path(folder), file.read_text().splitlines()))
    shutil.copyfile(file, FOLDER / f"{name}.jsonl")
    (FOLDER / f"{name}.expected.json").write_text(json.dumps(expected, indent=2) + "\n")


if __name__ == "__main__":
    freeze(sys.argv[1], Path(sys.argv[2]))
