"""What a session writes is fenced by its newest opening, on every kind of log."""

import asyncio

import pytest

from contracts.events import ConversationStarted, VoiceSessionCreated, VoiceSessionEnded
from eventlog.author import Author
from eventlog.ports import Log
from eventlog.turns.inbox import Inbox
from protocols.voice.session import fold
from voice_bridge.recorder import Recorder, Replaced

ENDED = VoiceSessionEnded(connected_ms=1, reason="over")


OPENING = ConversationStarted(responder_name="agent-runner", graph="chat", protocol="voice")


async def begun(log: Log, key: str) -> Inbox:
    inbox = Inbox(log, Author(source="test"))
    await inbox.open(key, OPENING, VoiceSessionCreated(voice="alloy", show_text=True))
    return inbox


async def recorder_of(log: Log, inbox: Inbox, key: str, replica: str) -> Recorder:
    session = fold([event async for event in log.read(key)])
    assert session
    recorder = Recorder(log, inbox, key, OPENING, session)
    recorder.open(replica)
    return recorder


async def write(recorder: Recorder) -> None:
    writer = asyncio.create_task(recorder.write())
    written = asyncio.create_task(recorder.written())
    async with asyncio.timeout(20):
        await asyncio.wait({writer, written}, return_when=asyncio.FIRST_COMPLETED)
    written.cancel()
    if writer.done():
        writer.result()
    writer.cancel()


async def types(log: Log, key: str) -> list[str]:
    return [event.event.type async for event in log.read(key)]


async def test_who_was_replaced_writes_nothing_more(any_log: Log) -> None:
    inbox = await begun(any_log, "replaced")
    first = await recorder_of(any_log, inbox, "replaced", "first")
    await write(first)
    second = await recorder_of(any_log, inbox, "replaced", "second")
    await write(second)
    before = await types(any_log, "replaced")
    first.note(ENDED)
    with pytest.raises(Replaced):
        await write(first)
    asked = await recorder_of(any_log, inbox, "replaced", "third")
    await write(asked)
    third = await types(any_log, "replaced")
    assert third == [*before, "voice.session_opened"]
    second.ask("what was that")
    with pytest.raises(Replaced):
        await write(second)
    assert await types(any_log, "replaced") == third


async def test_who_holds_the_session_ends_it(any_log: Log) -> None:
    inbox = await begun(any_log, "held")
    recorder = await recorder_of(any_log, inbox, "held", "first")
    recorder.note(ENDED)
    await write(recorder)
    assert (await types(any_log, "held"))[-2:] == ["voice.session_opened", "voice.session_ended"]
    assert recorder.session.connected_ms == 1
