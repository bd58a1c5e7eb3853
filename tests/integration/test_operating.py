"""What an operator does with the log by the `parley` command, on a running stack and on a stopped one."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from websockets.asyncio.client import connect

from agent_runner.checkpointer import LogCheckpointSaver
from contracts.events import ConversationStarted, MessageReceived, RunEvent
from eventlog.author import Author
from eventlog.broker import Broker
from eventlog.dead import Cemetery, DeadLetter, bury
from eventlog.inbox import Inbox
from eventlog.portable import NotPortable, Porter
from eventlog.ports import Log
from eventlog.settings import NatsSettings

SECONDS = 60


def parley(stack: Any, *command: str, code: int = 0) -> str:
    """What a command prints, to either stream."""
    done = subprocess.run(
        [sys.executable, "-m", "parley", *command],
        env=stack._environment(),
        cwd=stack.folder,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


async def hold(stack: Any, chat: str) -> None:
    """A conversation with a question in it."""
    async with connect(f"{stack.url('PARLEY_AGENT_WS_PORT', 'ws')}/chat/{quote(chat, safe='')}") as socket:
        for number, text in enumerate(("get all contacts", "계약서를 작성해주세요", "네, 진행해주세요")):
            await socket.send(json.dumps({"type": "client", "message": text, "message_id": f"m{number}"}))
            async with asyncio.timeout(SECONDS):
                while json.loads(await socket.recv())["type"] == "agent_step":
                    continue


async def history(stack: Any, chat: str) -> list[dict[str, Any]]:
    async with httpx.AsyncClient(timeout=SECONDS) as client:
        entries: list[dict[str, Any]] = (
            await client.get(f"{stack.url()}/history/{quote(chat, safe='')}")
        ).json()
    return entries


async def states(log: Log, conversation: str) -> list[tuple[str, str]]:
    """Every state there ever was, newest first, as time travel finds them with a cold cache."""
    found = []
    async for saved in LogCheckpointSaver(log, Author(source="test")).alist(
        {"configurable": {"thread_id": conversation}}
    ):
        identity = saved.config["configurable"]["checkpoint_id"]
        alone = await LogCheckpointSaver(log, Author(source="test")).aget_tuple(
            {"configurable": {"thread_id": conversation, "checkpoint_id": identity}}
        )
        assert alone is not None
        assert repr(alone.checkpoint["channel_values"]) == repr(saved.checkpoint["channel_values"])
        found.append((identity, repr(saved.checkpoint["channel_values"])))
    return found


async def test_an_exported_conversation_is_the_same_elsewhere(
    stack: Any, broker: Broker, nats_settings: NatsSettings, log: Log, conversation: str, tmp_path: Path
) -> None:
    await hold(stack, conversation)
    file = tmp_path / "conversation.jsonl"
    await asyncio.to_thread(parley, stack, "export", conversation, "--output", str(file))
    lines = file.read_text().splitlines()
    await Inbox(log, Author(source="test")).receive(
        f"{conversation} before",
        MessageReceived(addressee="nobody", text="x", protocol="agent"),
        ConversationStarted(responder_name="nobody", protocol="agent"),
    )  # so that positions differ

    porter = Porter(broker, nats_settings)
    assert await porter.bring_in(lines) == (conversation, len(lines) - 2)

    here = [event async for event in log.read(conversation)]
    sequences = {event.id: event.sequence for event in here}
    for event in here:
        if isinstance(event.event, RunEvent):
            assert event.event.message_sequence == sequences[event.event.run_id]
    for before, event in zip([None, *here], here, strict=False):
        assert event.previous == (before.sequence if before else 0)
    again = [line async for line in porter.write(conversation)]
    assert [json.loads(line).get("headers") for line in again] == [
        json.loads(line).get("headers") for line in lines
    ]
    assert len(await states(log, conversation)) > 10

    with pytest.raises(NotPortable, match="in use"):
        await porter.bring_in(lines)
    with pytest.raises(NotPortable, match="digest"):
        await porter.bring_in([line.replace("contacts", "contact5") for line in lines])
    with pytest.raises(NotPortable):
        await porter.bring_in(lines[:-1])


async def test_erased_and_brought_back(stack: Any, conversation: str, tmp_path: Path) -> None:
    await hold(stack, conversation)
    told = await history(stack, conversation)
    assert told
    file = tmp_path / "conversation.jsonl"
    await asyncio.to_thread(parley, stack, "export", conversation, "-o", str(file))
    shown = await asyncio.to_thread(parley, stack, "show", conversation)
    assert "run.completed" in shown

    removed = await asyncio.to_thread(parley, stack, "erase", conversation, "--yes")
    assert f"removed: {len(file.read_text().splitlines()) - 1} events" in removed  # and the deletion
    assert await history(stack, conversation) == []
    await asyncio.to_thread(parley, stack, "show", conversation, code=1)
    verified = await asyncio.to_thread(parley, stack, "rebuild", "--verify")  # the log now ends in a hole
    assert "the live rows are those of the log" in verified

    await asyncio.to_thread(parley, stack, "import", str(file))
    async with asyncio.timeout(SECONDS):
        while await history(stack, conversation) != told:
            await asyncio.sleep(0.05)


async def test_a_dead_letter_is_listed_said_again_and_dropped(
    broker: Broker, nats_settings: NatsSettings, log: Log, conversation: str
) -> None:
    message = MessageReceived(addressee="nobody", text="x", protocol="agent", message_id="m1")
    receipt = await Inbox(log, Author(source="test")).receive(
        conversation, message, ConversationStarted(responder_name="nobody", protocol="agent")
    )
    letter = DeadLetter(
        service="agent-runner",
        conversation=conversation,
        sequence=receipt.sequence,
        event_id=receipt.run_id,
        reason="given up",
    )
    await bury(broker, letter, timeout_seconds=5)
    cemetery = Cemetery(broker, nats_settings)
    (number,) = [number async for number, found in cemetery.letters() if found == letter]
    assert await cemetery.letter(number) == letter

    again = await cemetery.retry(number)

    said = await log.last(conversation, "message.>")
    assert said is not None
    assert (said.sequence, getattr(said.event, "addressee", "")) == (again, "nobody")
    assert letter not in [found async for _, found in cemetery.letters()]
    with pytest.raises(Exception, match=f"no dead letter {number}"):
        await cemetery.drop(number)


async def test_a_stopped_stack_is_rebuilt_and_read(own_stack: Any) -> None:
    await hold(own_stack, "kept")
    before = await history(own_stack, "kept")
    assert await asyncio.to_thread(own_stack.stop) == 0
    assert "the rebuilt rows are live" in parley(own_stack, "rebuild")
    assert "run.completed" in parley(own_stack, "show", "kept")
    assert parley(own_stack, "dead", "list") == ""
    await asyncio.to_thread(own_stack.start)
    assert await history(own_stack, "kept") == before
