"""Talks through the whole stack with `openai-realtime`, against a local server of the documented API."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.speech_services.realtime import Peer, Realtime, realtime_server

INSTRUCTIONS = "You are Mia's assistant. Be brief; speak Korean."
ANSWER = "Mia Tanaka's address is mia.tanaka@harbor-systems.example."


@pytest.fixture(scope="module")
def upstream_port(unused_port: Callable[[], int]) -> int:
    return unused_port()


@pytest.fixture(scope="module")
def realtime_stack(
    tmp_path_factory: pytest.TempPathFactory, voice_stack: Any, upstream_port: int
) -> Iterator[Any]:
    with voice_stack(
        tmp_path_factory.mktemp("realtime"),
        PARLEY_VOICE="openai-realtime",
        PARLEY_VOICE_URL=f"http://127.0.0.1:{upstream_port}/v1",
        PARLEY_VOICE_KEY="k",
        PARLEY_VOICE_INSTRUCTIONS=INSTRUCTIONS,
    ) as stack:
        yield stack


@pytest.fixture
async def upstream(upstream_port: int) -> AsyncIterator[Realtime]:
    async with realtime_server(upstream_port) as realtime:
        yield realtime


@asynccontextmanager
async def talking(
    voice: Any, upstream: Realtime, session_id: str, user: str | None = None
) -> AsyncIterator[tuple[Any, Peer, dict[str, Any]]]:
    """A client in a talk, the server's end of it, and how it was configured; it ends with the report."""
    async with voice.call(session_id, user) as caller:
        peer = await upstream.accept()
        config = await peer.set_up()
        yield caller, peer, config
        await caller.send(type="disconnect")
        await caller.expect("disconnected")
        assert await caller.expect_close() == 1000


async def answer(peer: Peer, number: int, said: str, text: str, pcm: bytes) -> None:
    """One turn of the user and the whole reply to it."""
    await peer.user_turn(f"u{number}")
    await peer.speak(f"resp{number}", f"a{number}", text, pcm)
    await peer.transcribe(f"u{number}", said)
    await peer.done(f"resp{number}")


async def test_a_talk_goes_through(realtime_voice: Any, upstream: Realtime) -> None:
    voice = realtime_voice
    session_id = (await voice.create("alice", voice="coral", show_text=True))["session_id"]
    said = voice.speech("what is the email of Mia Tanaka")
    reply = voice.speech(ANSWER)[: 24_000 * 2]
    async with talking(voice, upstream, session_id, "alice") as (caller, peer, config):
        assert config["audio"]["output"]["voice"] == "coral"
        assert config["instructions"] == INSTRUCTIONS
        await caller.say(said)
        await peer.hear(len(said) // 48)
        assert bytes(peer.heard) == said, "what the client says reaches the model as it is"
        await answer(peer, 1, "what is the email of Mia Tanaka", ANSWER, reply)
        await caller.expect("speech.started")
        await caller.expect("speech.stopped")
        assert (await caller.expect("user.transcript"))["transcript"] == "what is the email of Mia Tanaka"
        await caller.expect("audio.done")
        assert (await caller.expect("transcript.done"))["transcript"] == ANSWER
        assert bytes(caller.audio) == reply, "what the model says reaches the client as it is"
    report = caller.of("disconnected")[0]["report"]
    assert [message["content"] for message in report["messages"]] == [
        "what is the email of Mia Tanaka",
        ANSWER,
    ]
    entries = await voice.history(session_id, "alice")
    assert [(entry["role"], entry["content"]) for entry in entries] == [
        ("user", "what is the email of Mia Tanaka"),
        ("agent", ANSWER),
    ]
    assert (await voice.get(f"/api/sessions/{session_id}", "alice")).json()["status"] == "completed"
    (asked, answered) = (await voice.get(f"/api/sessions/{session_id}/history", "alice")).json()["messages"]
    assert (asked["content"], answered["content"]) == ("what is the email of Mia Tanaka", ANSWER)


async def test_the_model_calls_the_agents_tools(realtime_voice: Any, upstream: Realtime) -> None:
    voice = realtime_voice
    session_id = (await voice.create("dan"))["session_id"]
    async with talking(voice, upstream, session_id, "dan") as (caller, peer, config):
        tools = {tool["name"]: tool for tool in config["tools"]}
        assert {"find_contacts", "list_documents", "analyze_dataset"} <= tools.keys()
        assert "send_document" not in tools, "nobody is asked before it commits the user"
        assert tools["find_contacts"]["type"] == "function"
        assert "name" in tools["find_contacts"]["parameters"]["properties"]
        await peer.user_turn("u1")
        await peer.call_tool("resp1", "call_1", "find_contacts", '{"name": "Mia Tanaka"}')
        item = (await peer.expect("conversation.item.create"))["item"]
        assert (item["type"], item["call_id"]) == ("function_call_output", "call_1")
        (found,) = json.loads(item["output"])
        assert found["email"] == "mia.tanaka@harbor-systems.example"
        await peer.expect("response.create")

        await peer.call_tool("resp2", "call_1", "find_contacts", '{"name": "Liam Patel"}')
        again = (await peer.expect("conversation.item.create"))["item"]
        assert again["output"] == item["output"], "the same call is told from the log"
        await peer.expect("response.create")

        await peer.call_tool("resp3", "call_2", "no_such_tool", "[]")
        failed = (await peer.expect("conversation.item.create"))["item"]["output"]
        assert failed.startswith("error: ")
        await peer.expect("response.create")

        await peer.speak("resp4", "a1", ANSWER)
        await peer.transcribe("u1", "what is the email of Mia Tanaka")
        await peer.done("resp4")
        assert (await caller.expect("transcript.done"))["transcript"] == ANSWER
    (called,) = await voice.facts(session_id, "voice.tool_called")
    assert (called["call_id"], called["arguments"]) == ("call_1", {"name": "Mia Tanaka"})
    (returned,) = await voice.facts(session_id, "voice.tool_returned")
    assert (returned["call_id"], returned["output"]) == ("call_1", item["output"])
    entries = [
        (entry["step_type"], entry["content"])
        for entry in await voice.history(session_id, "dan")
        if entry["role"] == "agent"
    ]
    call = "Execution logs:\nfind_contacts(name='Mia Tanaka')\nLast output: "
    assert entries == [("ActionStep", call + item["output"]), ("FinalAnswerStep", ANSWER)]
    assert "Violation" not in voice.stack.log()


async def test_another_voice_is_a_fresh_session_that_knows_what_was_said_and_written(
    realtime_voice: Any, upstream: Realtime
) -> None:
    voice = realtime_voice
    session_id = (await voice.create("bob", voice="alloy"))["session_id"]
    async with talking(voice, upstream, session_id, "bob") as (caller, peer, _):
        await answer(peer, 1, "hello", "Hello Bob.", voice.speech("Hello Bob."))
        await caller.expect("transcript.done")
        steps = await voice.text_turn(session_id, "bob", "what did I ask before?")
        assert "hello" in steps[-2]["message"], "the agent knows what the model heard"
        await caller.send(type="session.update", config={"voice": "verse"})
        fresh = await upstream.accept()
        assert (await fresh.set_up())["audio"]["output"]["voice"] == "verse"
        assert await fresh.seeded(4) == [
            ("user", "hello"),
            ("assistant", "Hello Bob."),
            ("user", "what did I ask before?"),
            ("assistant", steps[-2]["message"]),
        ]
        await caller.append(voice.silence(100))
        await fresh.hear(100)
        await answer(fresh, 2, "and again", "Again.", voice.speech("Again."))
        assert (await caller.expect("transcript.done", 2))["transcript"] == "Again."
    assert upstream.connections.empty(), "one session more, not two"


async def test_what_was_not_heard_is_cut_from_the_models_memory(
    realtime_voice: Any, upstream: Realtime
) -> None:
    voice = realtime_voice
    session_id = (await voice.create("carol"))["session_id"]
    story = "One morning a very long story began, and it went on and on until nobody listened any more."
    async with talking(voice, upstream, session_id, "carol") as (caller, peer, _):
        await peer.user_turn("u1")
        await peer.transcribe("u1", "tell me a story")
        await peer.speak("resp1", "a1", story, told := voice.speech(story))
        while len(caller.audio) < 24_000 * 2:
            await caller.expect("audio.delta", len(caller.of("audio.delta")) + 1)
        await peer.send("input_audio_buffer.speech_started", item_id="u2", audio_start_ms=3000)
        await caller.expect("audio.done")
        assert len(caller.audio) < len(told), "it stopped in the middle"
        deltas = len(caller.of("audio.delta"))
        await peer.expect("response.cancel")
        cut = await peer.expect("conversation.item.truncate")
        assert (cut["item_id"], cut["content_index"]) == ("a1", 0)
        assert 400 <= cut["audio_end_ms"] <= len(caller.audio) // 48
        await peer.done("resp1", "cancelled")
        await peer.send("input_audio_buffer.speech_stopped", item_id="u2", audio_end_ms=3500)
        await peer.send("input_audio_buffer.committed", item_id="u2", previous_item_id="u1")
        await peer.transcribe("u2", "stop")
        heard = (await caller.expect("transcript.done"))["transcript"]
        assert story.startswith(heard)
        assert "nobody listened" not in heard
        assert len(caller.of("audio.delta")) == deltas, "nothing of it comes after it was cut"
        await answer(peer, 3, "", "All right.", voice.speech("All right."))
        assert (await caller.expect("transcript.done", 2))["transcript"] == "All right."
    report = caller.of("disconnected")[0]["report"]
    contents = ["tell me a story", f"{heard} [interrupted]", "stop", "All right."]
    assert [message["content"] for message in report["messages"]] == contents
    assert [entry["content"] for entry in await voice.history(session_id, "carol")] == contents


@pytest.mark.parametrize("is_expired", [False, True])
async def test_an_upstream_that_ends_is_opened_again_and_owes_its_answer(
    realtime_voice: Any, upstream: Realtime, is_expired: bool
) -> None:
    voice = realtime_voice
    session_id = (await voice.create())["session_id"]
    async with talking(voice, upstream, session_id) as (caller, peer, _):
        await answer(peer, 1, "hello", "Hello.", voice.speech("Hello."))
        await caller.expect("transcript.done")
        await peer.user_turn("u2")
        await peer.transcribe("u2", "are you there")
        await caller.expect("user.transcript", 2)
        if is_expired:
            await peer.fail("Your session hit the maximum duration of 60 minutes.", "session_expired")
        await peer.connection.close(1001 if is_expired else 1011)
        again = await upstream.accept()
        await again.set_up()
        assert await again.seeded(3) == [
            ("user", "hello"),
            ("assistant", "Hello."),
            ("user", "are you there"),
        ]
        await again.expect("response.create")
        await again.speak("resp2", "a2", "I am back.")
        await again.done("resp2")
        assert (await caller.expect("transcript.done", 2))["transcript"] == "I am back."
        assert not caller.of("error")
        assert caller.closed is None


async def test_a_model_that_is_slow_to_begin_with_is_asked_again_and_does_not_answer_twice(
    realtime_voice: Any, upstream: Realtime
) -> None:
    voice = realtime_voice
    session_id = (await voice.create())["session_id"]
    reply = voice.speech("Hello.")
    async with voice.call(session_id) as caller:
        slow, peer = await upstream.accept(), await upstream.accept()
        async with asyncio.timeout(30):
            await slow.connection.wait_closed()
        await peer.set_up()
        await answer(peer, 1, "hello", "Hello.", reply)
        await caller.expect("transcript.done")
        assert bytes(caller.audio) == reply


async def test_a_killed_voice_bridge_is_replaced_and_tells_the_model_what_was_said(
    realtime_voice: Any, upstream: Realtime
) -> None:
    voice = realtime_voice
    session_id = (await voice.create())["session_id"]
    async with talking(voice, upstream, session_id) as (caller, peer, _):
        await answer(peer, 1, "hello", "Hello.", voice.speech("Hello."))
        await caller.expect("transcript.done")
        voice.stack.kill("voice-bridge")
        async with asyncio.timeout(30):
            again = Peer(await upstream.connections.get())
        await again.set_up()
        assert await again.seeded(2) == [("user", "hello"), ("assistant", "Hello.")]
        await answer(again, 2, "still there", "Yes.", voice.speech("Yes."))
        assert (await caller.expect("transcript.done", 2))["transcript"] == "Yes."


@pytest.fixture
def realtime_voice(realtime_stack: Any, voice_of: Callable[[Any], Any]) -> Any:
    return voice_of(realtime_stack)
