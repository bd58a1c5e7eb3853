"""What an operator does with the log by the `parley` command, on a running stack and on a stopped one."""

import asyncio
import json
import re
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from nats.aio.msg import Msg
from websockets.asyncio.client import connect

from agent_runner.engine.checkpointer import LogCheckpointSaver
from contracts import subjects
from contracts.events import ConversationStarted, MessageReceived, RunEvent, UserSpoke
from contracts.queries import SESSION, SessionFound
from eventlog.admin.erasing import erase
from eventlog.admin.portable import NotPortable
from eventlog.admin.porter import Porter
from eventlog.author import Author
from eventlog.broker import Broker
from eventlog.codec import encode
from eventlog.payloads import Payloads
from eventlog.ports import Log, LogError
from eventlog.settings import NatsSettings
from eventlog.turns.dead_letters import DeadLetter, DeadLetterQueue, put
from eventlog.turns.inbox import Inbox
from history_store.rebuild import rebuild, second
from history_store.store import Store

SECONDS = 60


def parley(stack: Any, *command: str, code: int = 0) -> str:
    """What a command prints as its result, or says why there is none."""
    done = subprocess.run(
        [sys.executable, "-m", "parley", *command],
        env=stack._environment(),
        cwd=stack.folder,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stderr if code else done.stdout


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


async def digest(log: Log, conversation: str, folder: Path) -> str:
    """Of a conversation, as a rebuild of a log finds it."""
    store = Store(f"sqlite+aiosqlite:///{folder / 'history.sqlite3'}")
    await store.prepare()
    await store.apply([event async for event in log.read(conversation)], after=0)
    async with second(store) as beside:
        outcome = await rebuild(log, store, beside, verify=True, say=lambda _: None)
    await store.close()
    return dict(outcome.digests)[conversation]


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
    assert await porter.importing(lines) == (conversation, len(lines) - 2)

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
    found = await states(log, conversation)
    assert len(found) > 10
    newest = await LogCheckpointSaver(log, Author(source="test")).aget_tuple(
        {"configurable": {"thread_id": conversation}}
    )
    assert newest is not None
    assert newest.checkpoint["id"] == found[0][0]
    there = await asyncio.to_thread(parley, stack, "rebuild", "--verify", "--digests")
    assert f"sha256:{await digest(log, conversation, tmp_path)}  {conversation}\n" in there

    with pytest.raises(NotPortable, match="in use"):
        await porter.importing(lines)
    with pytest.raises(NotPortable, match="digest"):
        await porter.importing([line.replace("contacts", "contact5") for line in lines])
    with pytest.raises(NotPortable):
        await porter.importing(lines[:-1])


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


async def test_kept_audio_is_exported_and_erased_along(
    broker: Broker, nats_settings: NatsSettings, log: Log, conversation: str
) -> None:
    async def answer(question: Msg) -> None:
        """As history-store answers about a conversation that is deleted."""
        await question.respond(SessionFound(session=None).model_dump_json().encode())

    audio, author, payloads = bytes(range(256)), Author(source="test"), Payloads(broker.client, SECONDS)
    name = await payloads.keep(audio)
    spoke = UserSpoke(item_id="i", transcript="hi", speech_ms=9, answered_by="engine", audio_reference=name)
    started = ConversationStarted(responder_name="nobody", protocol="voice")
    await log.append([author.envelope(conversation, event) for event in (started, spoke)], expected=0)
    porter = Porter(broker, nats_settings)
    lines = [line async for line in porter.write(conversation)]
    answering = await broker.client.subscribe(subjects.query(SESSION), cb=answer)

    erased = await erase(broker, nats_settings, conversation)

    await answering.unsubscribe()
    assert (erased.events, erased.payloads) == (3, 1)
    with pytest.raises(LogError, match="missing"):
        await payloads.kept(name)
    await porter.importing(lines)
    assert await payloads.kept(name) == audio


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
    await put(broker, letter, timeout_seconds=5)
    queue = DeadLetterQueue(broker, nats_settings, "parley")
    (number,) = [number async for number, found in queue.letters() if found == letter]
    assert await queue.letter(number) == letter

    again = await queue.retry(number)

    said = await log.last(conversation, "message.>")
    assert said is not None
    assert (said.sequence, getattr(said.event, "addressee", "")) == (again, "nobody")
    assert letter not in [found async for _, found in queue.letters()]
    with pytest.raises(Exception, match=f"no dead letter {number}"):
        await queue.drop(number)


async def letter_with(stack: Any, text: str) -> str:
    """The number of the dead letter whose reason has a text, once there is one."""
    async with asyncio.timeout(SECONDS):
        while True:
            for letter in json.loads(await asyncio.to_thread(parley, stack, "dead", "list", "--json")):
                if text in letter["reason"]:
                    return str(letter["number"])


@pytest.fixture
def hasty_stack(
    stack_runner: Callable[..., AbstractContextManager[Any]],
    unused_port: Callable[[], int],
    tmp_path: Path,
) -> Iterator[Any]:
    """A stack that is soon through with the deliveries of what it cannot handle."""
    with stack_runner(tmp_path / "stack", unused_port, PARLEY_TAKEOVER_AFTER="0.5") as running:
        yield running


@pytest.mark.slow
async def test_dead_letters_by_command(hasty_stack: Any) -> None:
    stack = hasty_stack
    author = Author(source="test")
    lost = MessageReceived(addressee="agent-runner", text="x", protocol="agent", message_id="from tomorrow")

    def dead(*command: str, code: int = 0) -> Awaitable[str]:
        return asyncio.to_thread(parley, stack, "dead", *command, code=code)

    await hold(stack, "talk")
    async with stack.operator() as (broker, log):
        subject, headers, payload = encode(author.envelope("talk", lost))
        headers |= {"ce-dataversion": "99"}
        await broker.client.jetstream().publish(subject, payload, headers=headers)
        first = await log.next("talk", "message.>", after=0)
        assert first is not None
        given_up = DeadLetter(
            service="agent-runner",
            conversation="talk",
            sequence=first.sequence,
            event_id=first.id,
            reason="the model was away",
        )
        await put(broker, given_up, timeout_seconds=5)

    again = await letter_with(stack, "the model was away")
    assert DeadLetter.model_validate_json(await dead("show", again)) == given_up
    told = await dead("retry", again)
    said = re.match(r"said again as event (\d+)\n", told)
    assert said, told
    assert f"there is no dead letter {again}" in await dead("show", again, code=1)
    answered: list[dict[str, Any]] = []
    async with asyncio.timeout(SECONDS):
        while [entry["content"] for entry in answered].count("get all contacts") < 2 or answered[-1][
            "step_type"
        ] != "FinalAnswerStep":
            answered = await history(stack, "talk")
    assert answered[-1]["content"] == next(
        entry["content"] for entry in answered if entry["step_type"] == "FinalAnswerStep"
    )
    followed = tail_until(stack, int(said[1]) - 1, "run.completed")
    assert followed[0].split()[0] == said[1]
    assert "'talk' message.received" in followed[0]

    unreadable = await letter_with(stack, "99")
    assert "99" in DeadLetter.model_validate_json(await dead("show", unreadable)).reason
    assert "names no message that can be said again" in await dead("retry", unreadable, code=1)
    assert await dead("drop", unreadable) == f"dropped {unreadable}\n"
    assert f"there is no dead letter {unreadable}" in await dead("drop", unreadable, code=1)
    assert await dead("list") == ""


def tail_until(stack: Any, after: int, text: str) -> list[str]:
    """What `parley tail` prints up to the line that has a text; it ends by Ctrl-C."""
    signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # who is started in the background passes it on ignored
    following = subprocess.Popen(
        [sys.executable, "-m", "parley", "tail", "--after", str(after)],
        env=stack._environment(),
        cwd=stack.folder,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert following.stdout
    lines = [following.stdout.readline()]
    while lines[-1] and text not in lines[-1]:
        lines.append(following.stdout.readline())
    following.send_signal(signal.SIGINT)
    assert following.wait(SECONDS) == 130
    following.stdout.close()
    return lines


async def test_a_stopped_stack_is_rebuilt_and_read(own_stack: Any) -> None:
    await hold(own_stack, "kept")
    before = await history(own_stack, "kept")
    assert await asyncio.to_thread(own_stack.stop) == 0
    assert "the rebuilt rows are live" in parley(own_stack, "rebuild")
    assert "run.completed" in parley(own_stack, "show", "kept")
    assert parley(own_stack, "dead", "list") == ""
    for key in ("kept", "nobody"):
        assert "is the stack running?" in parley(own_stack, "erase", key, "--yes", code=1)
    await asyncio.to_thread(own_stack.start)
    assert await history(own_stack, "kept") == before
