"""What the realtime engine makes of a service that fails or talks nonsense: the turn ends, and says why."""

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from tests.engine_events import until
from tests.speech_services.realtime import Peer, Realtime, realtime_server
from tests.speech_services.talks import HISTORY, LIMITS, opened, session_for

from voice_bridge.domain.phrases import phrase
from voice_bridge.domain.speech import (
    AudioChunk,
    EngineFailed,
    ReplyDone,
    ReplyText,
    SpeechStopped,
    TokensUsed,
    TurnCommitted,
)
from voice_bridge.engines.realtime.model import Limits
from voice_bridge.ports import EngineError

SECRET = "sk-proj-0123456789"
FAILED = EngineFailed(phrase("service_failed", "en"))


@pytest.fixture
async def upstream() -> AsyncIterator[Realtime]:
    async with realtime_server() as realtime:
        yield realtime


async def raw(peer: Peer, event: object) -> None:
    """Send what the protocol does not document."""
    await peer.connection.send(json.dumps(event))


@pytest.mark.parametrize(
    "error",
    [
        {"type": "server_error", "code": "rate_limit_exceeded", "message": f"{SECRET} of org-abcdef"},
        {"message": None},
        f"out of order: {SECRET}",
        ["rate_limit_exceeded"],
        None,
    ],
)
async def test_an_error_of_any_shape_is_told_in_a_plain_sentence_and_logged_without_keys(
    upstream: Realtime, error: object, caplog: pytest.LogCaptureFixture
) -> None:
    session, peer = await opened(upstream)
    await peer.user_turn("u1")
    await raw(peer, {"type": "error", "error": error})
    assert FAILED in await until(session.events(), EngineFailed)
    await session.respond()
    await peer.expect("response.create")
    assert "realtime service: " in caplog.text
    assert SECRET not in caplog.text
    assert "org-" not in caplog.text
    await session.close()


async def test_what_cannot_be_read_is_passed_over(upstream: Realtime) -> None:
    session, peer = await opened(upstream)
    await peer.user_turn("u1")
    nonsense: tuple[str | bytes, ...] = (
        b"\xff\x00\x01",
        "",
        "[" * 100_000,
        "[]",
        "7",
        '{"event_id": "e"}',
        '{"type": ["error"]}',
        '{"type": "response.created"}',
        '{"type": "response.created", "response": "resp"}',
        '{"type": "response.done", "response": null}',
        '{"type": "response.output_audio.delta", "delta": 7}',
        '{"type": "conversation.item.done", "item": null}',
        '{"type": "input_audio_buffer.committed"}',
        '{"type": "conversation.item.input_audio_transcription.completed", "transcript": null}',
        '{"type": "rate_limits.updated", "rate_limits": "none"}',
    )
    for message in nonsense:
        await peer.connection.send(message)
    await peer.speak("resp1", "a1", "Hello.")
    await peer.connection.send(
        '{"type": "response.output_audio.delta", "response_id": "resp1", "delta": "a"}'
    )
    await peer.done("resp1")
    events = await until(session.events(), ReplyDone)
    assert sum(isinstance(event, AudioChunk) for event in events) == 2
    assert not any(isinstance(event, EngineFailed) for event in events)
    assert upstream.connections.empty(), "nonsense is no reason for another connection"
    await session.close()


@pytest.mark.parametrize(
    ("response", "told"),
    [
        ({"status": "incomplete", "status_details": {"reason": "max_output_tokens"}}, "too_long"),
        ({"status": "incomplete", "status_details": {"reason": "content_filter"}}, "held_back"),
        ({"status": "incomplete"}, "cut_off"),
        ({"status": "failed", "status_details": {"error": {"code": "server_error"}}}, "service_failed"),
        ({"status": "failed", "status_details": {"error": f"wrong {SECRET}"}}, "service_failed"),
        ({"status": "failed", "status_details": None}, "service_failed"),
        ({"status": "cancelled", "status_details": {"reason": "server"}}, "cut_off"),
        ({}, "service_failed"),
        ({"status": "completed", "output": []}, "no_answer"),
        ({"status": "completed", "output": None}, "no_answer"),
    ],
)
async def test_a_response_that_is_less_than_an_answer_is_told_and_ends(
    upstream: Realtime, response: dict[str, Any], told: str, caplog: pytest.LogCaptureFixture
) -> None:
    session, peer = await opened(upstream)
    await peer.user_turn("u1")
    await raw(peer, {"type": "response.created", "response": {"id": "resp1"}})
    await raw(peer, {"type": "response.done", "response": {"id": "resp1", **response}})
    events = await until(session.events(), ReplyDone)
    assert EngineFailed(phrase(told, "en")) in events
    assert SECRET not in caplog.text
    await session.close()


async def test_a_response_that_the_user_cancels_is_no_fault(upstream: Realtime) -> None:
    session, peer = await opened(upstream)
    await peer.speak("resp1", "a1", "Hello.")
    details = {"reason": "turn_detected"}
    await raw(
        peer,
        {
            "type": "response.done",
            "response": {"id": "resp1", "status": "cancelled", "status_details": details},
        },
    )
    events = await until(session.events(), ReplyDone)
    assert not any(isinstance(event, EngineFailed) for event in events)
    await session.close()


async def test_what_was_used_by_an_incomplete_answer_is_counted(upstream: Realtime) -> None:
    session, peer = await opened(upstream)
    await peer.speak("resp1", "a1", "Hello")
    usage = {"input_tokens": 7, "output_tokens": 3}
    await peer.send("response.done", response={"id": "resp1", "status": "incomplete", "usage": usage})
    assert TokensUsed(7, 3) in await until(session.events(), ReplyDone)
    await session.close()


@pytest.mark.parametrize("is_begun", [False, True])
async def test_a_reply_that_does_not_come_or_stops_coming_is_given_up(
    upstream: Realtime, is_begun: bool
) -> None:
    session, peer = await opened(upstream, Limits(answer=0.05))
    await peer.user_turn("u1")
    if is_begun:
        await peer.speak("resp1", "a1", "Let me see.")
    await peer.expect("response.cancel")
    events = session.events()
    assert EngineFailed(phrase("service_silent", "en")) in await until(events, EngineFailed)
    if is_begun:
        await until(events, ReplyDone)
        ids = {"response_id": "resp1", "item_id": "a1", "output_index": 0, "content_index": 0}
        await peer.send("response.output_audio.delta", delta=b64encode(bytes(96)).decode(), **ids)
    await session.respond()
    await peer.expect("response.create")
    await peer.speak("resp2", "a2", "Here it is.")
    texts = [event for event in await until(events, AudioChunk) if isinstance(event, ReplyText)]
    assert [event.text for event in texts] == ["Here it is."], "nothing of what was given up is said"
    await session.close()


def approval(request_id: str) -> dict[str, str]:
    return {
        "type": "mcp_approval_request",
        "id": request_id,
        "name": "send_mail",
        "arguments": "{}",
        "server_label": "mail",
    }


async def test_approvals_are_told_and_refused_and_answered_once_the_response_is_over(
    upstream: Realtime,
) -> None:
    session, peer = await opened(upstream)
    await peer.user_turn("u1")
    await peer.send("response.created", response={"id": "resp1"})
    for request_id in ("ap1", "ap2"):
        await peer.send("conversation.item.done", item=approval(request_id))
    call = {
        "type": "function_call",
        "id": "f1",
        "call_id": "c1",
        "name": "find_contact",
        "arguments": '{"name": "Mia"}',
    }
    output = [approval("ap1"), approval("ap2"), call]
    await peer.send("response.done", response={"id": "resp1", "status": "completed", "output": output})
    items = [(await peer.expect("conversation.item.create"))["item"] for _ in output]
    assert sorted(item.get("approval_request_id", "") for item in items) == ["", "ap1", "ap2"]
    assert not any(item.get("approve") for item in items)
    await peer.expect("response.create")
    await peer.speak("resp2", "a1", "I may not.")
    await peer.done("resp2")
    events = await until(session.events(), ReplyDone)
    told = EngineFailed(phrase("needs_approval", "en", tool="send_mail"))
    assert [event for event in events if isinstance(event, EngineFailed)] == [told, told]
    await session.respond()
    await peer.expect("response.create")
    await session.close()


async def test_an_approval_that_is_asked_for_outside_of_a_response_is_refused_at_once(
    upstream: Realtime,
) -> None:
    session, peer = await opened(upstream)
    await peer.send("conversation.item.done", item=approval("ap1"))
    assert (await peer.expect("conversation.item.create"))["item"]["approve"] is False
    await peer.expect("response.create")
    await session.close()


async def test_a_reply_that_breaks_with_the_connection_is_told_of(upstream: Realtime) -> None:
    session, first = await opened(upstream)
    await first.speak("resp1", "a1", "The first are")
    events = session.events()
    await until(events, AudioChunk)
    await first.connection.close(1011)
    assert EngineFailed(phrase("cut_off", "en")) in await until(events, ReplyDone)
    await session.close()


async def test_what_was_asked_is_answered_after_two_broken_connections_while_the_microphone_is_on(
    upstream: Realtime,
) -> None:
    session, first = await opened(upstream)
    await first.user_turn("u1")
    events = session.events()
    await until(events, TurnCommitted)
    await first.connection.close(1011)
    second = await upstream.accept()
    await session.push_audio(bytes(1920))
    await second.connection.close(1011)
    third = await upstream.accept()
    await session.push_audio(bytes(1920))
    await third.set_up()
    assert len(await third.seeded(len(HISTORY))) == len(HISTORY)
    await third.expect("response.create")
    await third.speak("resp1", "a1", "Back again.")
    await until(events, AudioChunk)
    await session.close()


async def test_who_speaks_while_the_connection_breaks_is_asked_to_say_it_again(upstream: Realtime) -> None:
    session, first = await opened(upstream)
    await first.send("input_audio_buffer.speech_started", item_id="u1", audio_start_ms=100)
    await first.connection.close(1011)
    events = await until(session.events(), EngineFailed)
    assert events[-2:] == [SpeechStopped(), EngineFailed(phrase("say_again", "en"))]
    await session.close()


async def test_a_service_that_breaks_each_time_is_given_up(upstream: Realtime) -> None:
    session = session_for(upstream)
    opening = asyncio.create_task(session.open())
    for _ in range(LIMITS.attempts):
        peer = await upstream.accept()
        await peer.set_up()
        await opening
        await peer.connection.close(1011)
    failed = (await until(session.events(), EngineFailed))[-1]
    assert failed == EngineFailed(phrase("no_service", "en"), fatal=True)
    await session.close()


async def test_settings_that_the_service_refuses_are_told_to_the_operator(
    upstream: Realtime, caplog: pytest.LogCaptureFixture
) -> None:
    session = session_for(upstream, Limits(attempts=1))
    opening = asyncio.create_task(session.open())
    peer = await upstream.accept()
    await peer.expect("session.update")
    await peer.fail("Invalid value: 'far_field'")
    with pytest.raises(EngineError, match="cannot be reached"):
        await opening
    assert "far_field" in caplog.text
    await session.close()


async def test_a_broken_connection_is_opened_again_and_the_turn_answered(upstream: Realtime) -> None:
    session, first = await opened(upstream)
    await first.user_turn("u1")
    events = session.events()
    await until(events, TurnCommitted)
    await first.connection.close(1011)
    second = await upstream.accept()
    await second.set_up()
    assert len(await second.seeded(len(HISTORY))) == len(HISTORY)
    await second.expect("response.create")
    await second.speak("resp1", "a1", "Back again.")
    assert any(isinstance(event, ReplyText) for event in await until(events, AudioChunk))
    await session.close()


async def test_a_service_that_stays_away_is_given_up(upstream: Realtime) -> None:
    session, first = await opened(upstream)
    assert upstream.server is not None
    upstream.server.close(close_connections=False)
    await first.connection.close(1011)
    failed = (await until(session.events(), EngineFailed))[-1]
    assert isinstance(failed, EngineFailed)
    assert failed.fatal
    with pytest.raises(EngineError, match="cannot be reached"):
        await session_for(upstream).open()
    await session.close()


async def test_a_call_whose_session_was_lost_is_not_answered_in_the_next(upstream: Realtime) -> None:
    held = asyncio.Event()

    async def slowly(_call_id: str, _name: str, _arguments: Mapping[str, Any]) -> str:
        await held.wait()
        return "late"

    session, first = await opened(upstream, call=slowly)
    await first.call_tool("resp1", "c1", "find_contact", '{"name":"Alice"}')
    await first.connection.close(1011)
    second = await upstream.accept()
    await second.set_up()
    assert len(await second.seeded(len(HISTORY))) == len(HISTORY)
    await second.expect("response.create")
    held.set()
    await second.fail("last")
    await until(session.events(), EngineFailed)
    await session.push_audio(b"\x01\x00")
    await second.expect("input_audio_buffer.append")
    await session.close()
