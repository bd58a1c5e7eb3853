"""Talks whose turns the client ends by itself, and the audio that is kept of them where that is asked for."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

COMMIT = "input_audio_buffer.commit"
CREATE = "response.create"
LISTENING = "I am listening. What can I do for you?"


@pytest.fixture(scope="module")
def by_hand_stack(tmp_path_factory: pytest.TempPathFactory, voice_stack: Any) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("by-hand")
    with voice_stack(folder, PARLEY_VAD="false", PARLEY_KEEP_AUDIO="true") as stack:
        yield stack


@pytest.fixture
def by_hand(by_hand_stack: Any, voice_of: Callable[[Any], Any]) -> Any:
    return voice_of(by_hand_stack)


async def test_a_turn_ends_when_the_client_says_so_and_its_audio_is_kept(by_hand: Any) -> None:
    voice = by_hand
    first = voice.speech("what is the email of Mia Tanaka") + voice.silence(1000)
    second = voice.speech("thank you")
    replies = []
    session_id = (await voice.create("alice"))["session_id"]
    async with voice.call(session_id, "alice") as caller:

        async def answered(count: int) -> str:
            """The answer that makes so many; its audio is put aside."""
            said: str = (await caller.expect("transcript.done", count))["transcript"]
            replies.append(bytes(caller.audio))
            caller.audio.clear()
            return said

        await caller.send(type=COMMIT)
        await caller.send(type=CREATE)
        assert await answered(1) == LISTENING

        await caller.say(first)
        await caller.send(type=COMMIT)
        await caller.send(type=COMMIT)
        await caller.send(type=CREATE)
        await caller.expect("audio.delta", len(caller.of("audio.delta")) + 1)
        await caller.send(type=COMMIT)
        email = await answered(2)
        assert "mia.tanaka@harbor-systems.example" in email

        await caller.say(second)
        await caller.send(type=CREATE)
        thanks = await answered(3)
        assert thanks.startswith("You are welcome")

        await caller.send(type="disconnect")
        report = (await caller.expect("disconnected"))["report"]
        assert not caller.of("speech.started") + caller.of("error")
    said = ["what is the email of Mia Tanaka", "thank you"]
    contents = [LISTENING, said[0], email, said[1], thanks]
    assert [message["content"] for message in report["messages"]] == contents

    turns = await voice.facts(session_id, "voice.user_spoke")
    spoken = await voice.facts(session_id, "voice.reply_spoken")
    objects = await voice.objects()
    assert [objects[turn["audio_reference"]] for turn in turns] == [first, second]
    assert [objects[reply["audio_reference"]] for reply in spoken] == replies


async def test_a_turn_ended_by_hand_cuts_the_reply_before_it(by_hand: Any) -> None:
    session_id = (await by_hand.create())["session_id"]
    async with by_hand.call(session_id) as caller:
        await caller.say(by_hand.speech("what can you do"))
        await caller.send(type=COMMIT)
        while len(caller.audio) < 24_000 * 2:
            await caller.expect("audio.delta", len(caller.of("audio.delta")) + 1)
        await caller.say(by_hand.speech("thank you"))
        assert not caller.of("audio.done"), "what is not yet ended interrupts nothing"
        await caller.send(type=COMMIT)
        await caller.expect("audio.done")
        assert (await caller.expect("transcript.done", 2))["transcript"].startswith("You are welcome")
    first, _ = await by_hand.facts(session_id, "voice.reply_spoken")
    assert first["cut"]
    assert first["audio_ms"] > first["heard_ms"]


async def test_erasing_a_conversation_removes_its_audio_but_not_that_of_others(by_hand: Any) -> None:
    voice = by_hand
    sessions = [(await voice.create())["session_id"] for _ in range(2)]
    goodbye = voice.speech("goodbye")
    kept = []
    for session_id in sessions:
        async with voice.call(session_id) as caller:
            await caller.append(goodbye)
            await caller.send(type=COMMIT)
            await caller.expect("transcript.done")
            await caller.send(type="disconnect")
            await caller.expect("disconnected")
        events = await asyncio.to_thread(voice.stack.export, session_id)
        spoken = [event["payload"] for event in events if "audio_reference" in event["payload"]]
        kept.append({fact["audio_reference"] for fact in spoken})
    assert len(kept[0] & kept[1]) == 1, "the same audio is stored once"
    assert kept[0] | kept[1] <= (await voice.objects()).keys()
    await asyncio.to_thread(voice.stack.erase, sessions[0])
    left = (await voice.objects()).keys()
    assert not (kept[0] - kept[1]) & left
    assert kept[1] <= left
    await asyncio.to_thread(voice.stack.erase, sessions[1])
    assert not kept[1] & (await voice.objects()).keys()
