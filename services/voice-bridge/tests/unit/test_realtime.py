"""The realtime engine, the official SDK as its client, against a local server that speaks the GA protocol."""

import asyncio
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Mapping
from typing import Any, get_args

import pytest
from openai.types.realtime import RealtimeServerEvent
from tests.engine_events import until
from tests.speech_services.realtime import FRAME_BYTES, Realtime, realtime_server
from tests.speech_services.talks import HISTORY, opened, session_for

from voice_bridge.domain.endpointing import VadSettings
from voice_bridge.domain.phrases import phrase
from voice_bridge.domain.speech import (
    BYTES_PER_MS,
    AudioChunk,
    EngineFailed,
    ReplyDone,
    ReplyText,
    SpeechStarted,
    SpeechStopped,
    TurnCommitted,
    UserTranscript,
)
from voice_bridge.engines.realtime.model import Limits, Model, session_update
from voice_bridge.engines.realtime.outcomes import Unread
from voice_bridge.engines.realtime.upstream import Upstream

CHUNK = bytes(FRAME_BYTES)


@pytest.fixture
async def upstream() -> AsyncIterator[Realtime]:
    async with realtime_server() as realtime:
        yield realtime


async def test_a_session_is_set_up_by_the_ga_names_and_holds_audio_until_then(upstream: Realtime) -> None:
    session = session_for(upstream)
    opening = asyncio.create_task(session.open())
    peer = await upstream.accept()
    await session.push_audio(b"\x01\x00")
    config = await peer.set_up()
    await opening
    pcm = {"type": "audio/pcm", "rate": 24000}
    assert config["type"] == "realtime"
    assert config["audio"]["input"]["format"] == config["audio"]["output"]["format"] == pcm
    assert config["audio"]["output"]["voice"] == "alloy"
    assert config["audio"]["input"]["turn_detection"]["type"] == "server_vad"
    assert config["tools"][0]["name"] == "find_contact"
    assert upstream.requests == [("/v1/realtime?model=gpt-realtime", None)]
    items = [(await peer.expect("conversation.item.create"))["item"] for _ in HISTORY]
    assert [item["content"] for item in items] == [
        [{"type": "input_text", "text": "hello"}],
        [{"type": "output_text", "text": "Hi."}],
    ]
    assert b64decode((await peer.expect("input_audio_buffer.append"))["audio"]) == b"\x01\x00"
    await session.close()


async def test_a_turn_and_its_reply(upstream: Realtime) -> None:
    session, peer = await opened(upstream)
    await peer.user_turn("u1")
    await peer.speak("resp1", "a1", "Hello there.")
    await peer.connection.send('{"type":"some.future.event","value":1}')
    await peer.transcribe("u1", "hi ")
    await peer.done("resp1")
    events = await until(session.events(), ReplyDone)
    assert [type(event) for event in events] == [
        *(SpeechStarted, SpeechStopped, TurnCommitted, ReplyText, AudioChunk, AudioChunk),
        *(UserTranscript, ReplyDone),
    ]
    assert UserTranscript("u1", "hi", 800) in events
    await session.close()


async def test_a_turn_that_is_ended_by_hand_is_committed_and_answered_once(upstream: Realtime) -> None:
    session, peer = await opened(upstream, vad=VadSettings(enabled=False))
    await session.commit()
    await session.push_audio(bytes(50 * BYTES_PER_MS))
    await session.commit()
    assert not session.has_turn, "the API takes no turn as short as this"
    await session.push_audio(bytes(450 * BYTES_PER_MS))
    await session.commit()
    await session.commit()
    await session.respond()
    await peer.expect("input_audio_buffer.commit")
    await peer.expect("response.create")
    await peer.send("input_audio_buffer.committed", item_id="u1", previous_item_id=None)
    await peer.transcribe("u1", "hi")
    events = await until(session.events(), UserTranscript)
    assert events == [TurnCommitted("u1"), UserTranscript("u1", "hi", 500)]
    await peer.speak("resp1", "a1", "Hello.")
    await peer.done("resp1")
    await until(session.events(), ReplyDone)
    await session.push_audio(bytes(200 * BYTES_PER_MS))
    await session.respond()
    await peer.expect("input_audio_buffer.commit")
    await peer.expect("response.create")
    await session.close()


async def test_transcripts_are_given_in_the_order_of_the_turns(upstream: Realtime) -> None:
    session, peer = await opened(upstream)
    await peer.user_turn("u1")
    await peer.user_turn("u2")
    await peer.transcribe("u2", "second")
    await peer.send(
        "conversation.item.input_audio_transcription.failed",
        item_id="u1",
        content_index=0,
        error={"message": "x"},
    )
    await peer.fail("last")
    events = await until(session.events(), EngineFailed)
    assert [event.text for event in events if isinstance(event, UserTranscript)] == ["", "second"]
    await session.close()


@pytest.mark.parametrize(
    ("heard_ms", "kind", "fields"),
    [
        (0, "conversation.item.delete", {"item_id": "a1"}),
        (120, "conversation.item.truncate", {"item_id": "a1", "content_index": 0, "audio_end_ms": 120}),
    ],
)
async def test_interruption_makes_upstream_forget_what_was_not_heard(
    upstream: Realtime, heard_ms: int, kind: str, fields: dict[str, Any]
) -> None:
    session, peer = await opened(upstream)
    await peer.speak("resp1", "a1", "A long story.")
    events = session.events()
    await until(events, AudioChunk)
    await until(events, AudioChunk)
    await session.interrupt(heard_ms)
    await peer.expect("response.cancel")
    sent = await peer.expect(kind)
    assert {name: sent[name] for name in fields} == fields
    late = {"response_id": "resp1", "item_id": "a1", "output_index": 0, "content_index": 0}
    await peer.send("response.output_audio.delta", delta=b64encode(CHUNK).decode(), **late)
    await peer.done("resp1", "cancelled")
    await peer.fail("crossed", "response_cancel_not_active")
    await peer.fail("last")
    assert await until(events, EngineFailed) == [EngineFailed(phrase("service_failed", "en"))]
    await session.close()


async def test_the_answer_to_a_turn_survives_the_interruption_by_which_the_turn_began(
    upstream: Realtime,
) -> None:
    session, peer = await opened(upstream)
    await peer.speak("resp1", "a1", "A long story.")
    await peer.user_turn("u2")
    await peer.speak("resp2", "a2", "Well.")
    events = session.events()
    started = (await until(events, SpeechStarted))[-1]
    assert isinstance(started, SpeechStarted)
    await until(events, ReplyText)
    await session.interrupt(50, started.turn)
    await peer.expect("response.cancel")
    cut = await peer.expect("conversation.item.truncate")
    assert (cut["item_id"], cut["audio_end_ms"]) == ("a1", 50)
    await peer.done("resp1", "cancelled")
    await peer.done("resp2")
    await until(events, ReplyDone)
    await session.close()


async def test_what_was_heard_whole_is_not_truncated(upstream: Realtime) -> None:
    session, peer = await opened(upstream)
    await peer.speak("resp1", "a1", "Short.")
    await peer.done("resp1")
    await until(session.events(), ReplyDone)
    await session.interrupt(5000)
    await session.respond()
    await peer.expect("response.create")
    await session.close()


async def test_the_model_calls_the_agents_tools(upstream: Realtime) -> None:
    session, peer = await opened(upstream)
    await session.respond()
    await peer.expect("response.create")
    await peer.call_tool("resp1", "c1", "find_contact", '{"name":"Alice"}')
    item = (await peer.expect("conversation.item.create"))["item"]
    assert item == {"type": "function_call_output", "call_id": "c1", "output": "find_contact(Alice)"}
    await peer.expect("response.create")
    await peer.speak("resp2", "a1", "Alice is here.")
    await peer.done("resp2")
    events = await until(session.events(), ReplyDone)
    assert len({event.reply for event in events if isinstance(event, ReplyText | ReplyDone)}) == 1
    await session.close()


async def test_another_voice_is_a_fresh_session_that_knows_what_was_said(upstream: Realtime) -> None:
    session, first = await opened(upstream)
    await session.update("alloy")
    await session.update("verse")
    second = await upstream.accept()
    assert (await second.set_up())["audio"]["output"]["voice"] == "verse"
    for _ in HISTORY:
        await second.expect("conversation.item.create")
    await first.connection.wait_closed()
    await session.close()


async def test_a_voice_changes_only_when_nobody_speaks(upstream: Realtime) -> None:
    session, first = await opened(upstream)
    await first.speak("resp1", "a1", "Still talking.", CHUNK)
    events = session.events()
    await until(events, AudioChunk)
    await session.update("verse")
    await first.done("resp1")
    await until(events, ReplyDone)
    second = await upstream.accept()
    assert (await second.set_up())["audio"]["output"]["voice"] == "verse"
    await session.close()


async def test_the_time_limit_is_met_by_a_fresh_session(upstream: Realtime) -> None:
    limits = Limits(session=0.05, session_hard=5, first_delay=0.01, attempts=3)
    session, _ = await opened(upstream, limits)
    second = await upstream.accept()
    await second.set_up()
    await session.close()


async def test_a_model_that_calls_two_tools_goes_on_once_it_knows_both(upstream: Realtime) -> None:
    slow = asyncio.Event()

    async def call(_call_id: str, _name: str, arguments: Mapping[str, Any]) -> str:
        if arguments["name"] == "slow":
            await slow.wait()
        return str(arguments["name"])

    session, peer = await opened(upstream, call=call)
    await peer.user_turn("u1")
    await peer.send("response.created", response={"id": "resp1"})
    calls = [
        {
            "type": "function_call",
            "id": f"f{name}",
            "call_id": name,
            "name": "find_contact",
            "arguments": f'{{"name": "{name}"}}',
        }
        for name in ("slow", "quick")
    ]
    await peer.send("response.done", response={"id": "resp1", "status": "completed", "output": calls})
    first = await peer.expect("conversation.item.create")
    assert first["item"]["output"] == "quick"
    slow.set()
    assert (await peer.expect("conversation.item.create"))["item"]["output"] == "slow"
    await peer.expect("response.create")
    await session.close()


def test_what_is_set_is_sent_and_the_rest_is_left_to_the_service() -> None:
    plain = session_update(Model("m", "t"), "alloy", VadSettings(), ())["session"]
    assert plain["audio"]["input"]["turn_detection"] == {
        "type": "server_vad",
        "create_response": True,
        "interrupt_response": True,
        "threshold": 0.5,
        "prefix_padding_ms": 300,
    }
    assert not {"reasoning", "truncation", "prompt", "instructions"} & plain.keys()
    model = Model(
        "m",
        "t",
        transcription_language="ko",
        turns="semantic_vad",
        eagerness="low",
        noise_reduction="near_field",
        speed=1.2,
        reasoning="low",
        truncation="disabled",
        prompt="pmpt_1:2",
    )
    session = session_update(model, "alloy", VadSettings(), ())["session"]
    heard = session["audio"]["input"]
    assert heard["turn_detection"]["type"] == "semantic_vad"
    assert heard["turn_detection"]["eagerness"] == "low"
    assert heard["noise_reduction"] == {"type": "near_field"}
    assert heard["transcription"] == {"model": "t", "language": "ko"}
    assert session["audio"]["output"]["speed"] == 1.2
    assert (session["reasoning"], session["truncation"]) == ({"effort": "low"}, "disabled")
    assert session["prompt"] == {"id": "pmpt_1", "version": "2"}


def test_every_event_of_the_service_is_read_or_counted() -> None:
    names = {
        get_args(event.model_fields["type"].annotation)[0]
        for event in get_args(get_args(RealtimeServerEvent)[0])
    }
    silent = {
        name
        for name in names
        if name.split(".")[0] in ("rate_limits", "mcp_list_tools", "output_audio_buffer")
    }
    assert {"rate_limits.updated", "mcp_list_tools.completed"} <= silent
    upstream = Upstream("reply")
    for name in silent:
        assert not any(isinstance(each, Unread) for each in upstream.receive({"type": name}))
    assert upstream.receive({"type": "some.future.event"}) == [Unread("some.future.event")]
