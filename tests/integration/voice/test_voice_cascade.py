"""Talks through the whole stack with `cascade`, against a local server of the documented calls."""

import asyncio
import io
import wave
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from tests.speech_services.endpoints import SpeechServer, settings_for, speech_server

VARIANTS = {"coral": "en-us+f3", "verse": "en-us+m3"}
QUIET = 20.0


@pytest.fixture(scope="module")
def speech_port(unused_port: Callable[[], int]) -> int:
    return unused_port()


@pytest.fixture(scope="module")
def cascade_stack(
    tmp_path_factory: pytest.TempPathFactory, voice_stack: Any, speech_port: int
) -> Iterator[Any]:
    with voice_stack(tmp_path_factory.mktemp("cascade"), **settings_for(speech_port)) as stack:
        yield stack


@pytest.fixture
def cascade_voice(cascade_stack: Any, voice_of: Callable[[Any], Any]) -> Any:
    return voice_of(cascade_stack)


@pytest.fixture
async def server(speech_port: int, cascade_voice: Any) -> AsyncIterator[SpeechServer]:
    def say(text: str, voice: str) -> bytes:
        spoken: bytes = cascade_voice.speech(text, VARIANTS.get(voice, "en-us"))
        return spoken

    async with speech_server(speech_port, say) as (served, _):
        yield served


async def test_a_talk_goes_through(cascade_voice: Any, server: SpeechServer) -> None:
    voice = cascade_voice
    server.text = "what is the email of Mia Tanaka"
    session_id = (await voice.create("alice", voice="coral", show_text=True))["session_id"]
    said = voice.speech(server.text)
    async with voice.call(session_id, "alice") as caller, caller.microphone() as microphone:
        microphone.speak(said)
        assert (await caller.expect("user.transcript"))["transcript"] == server.text
        await caller.expect("audio.done")
        answer = (await caller.expect("transcript.done"))["transcript"]
        assert "mia.tanaka@harbor-systems.example" in answer
        expected = b"".join(voice.speech(text, VARIANTS["coral"]) for text, _, _ in server.spoken)
        assert bytes(caller.audio) == expected, "what the server speaks reaches the client as it is"
        await caller.send(type="disconnect")
        report = (await caller.expect("disconnected"))["report"]
        assert await caller.expect_close() == 1000
    assert {(spoken_by, key) for _, spoken_by, key in server.spoken} == {("coral", "Bearer k")}
    (recording,) = server.recordings
    with wave.open(io.BytesIO(recording)) as heard:
        assert heard.getparams()[:3] == (1, 2, 16_000)
        length = heard.getnframes() / heard.getframerate()
        assert voice.loudness(heard.readframes(heard.getnframes())) > QUIET
    assert abs(length - len(said) / 48_000) < 0.7, "the turn and little more is sent to be understood"
    contents = [server.text, answer]
    assert [message["content"] for message in report["messages"]] == contents
    assert [entry["content"] for entry in await voice.history(session_id, "alice")][::-1][0] == answer


async def test_sentences_are_spoken_one_by_one_and_the_voice_changes_between_turns(
    cascade_voice: Any, server: SpeechServer
) -> None:
    voice = cascade_voice
    server.text = "get all contacts"
    session_id = (await voice.create(voice="coral"))["session_id"]
    async with voice.call(session_id) as caller, caller.microphone() as microphone:
        microphone.speak(voice.speech("get all contacts"))
        await caller.expect("audio.delta")
        server.text = "thank you"
        await caller.send(type="session.update", config={"voice": "verse"})
        await caller.expect("transcript.done")
        assert len(server.spoken) > 1, "a reply of several sentences is not spoken in one piece"
        spoken = len(server.spoken)
        microphone.speak(voice.speech("thank you"))
        answer = (await caller.expect("transcript.done", 2))["transcript"]
        await caller.send(type="disconnect")
        await caller.expect("disconnected")
    assert server.spoken[0][1] == "coral"
    assert {name for _, name, _ in server.spoken[spoken:]} == {"verse"}
    assert " ".join(text for text, _, _ in server.spoken[spoken:]) == answer


async def test_speaking_over_the_reply_cuts_it(cascade_voice: Any, server: SpeechServer) -> None:
    voice = cascade_voice
    server.text = "what can you do"
    session_id = (await voice.create("bob"))["session_id"]
    async with voice.call(session_id, "bob") as caller, caller.microphone() as microphone:
        microphone.speak(voice.speech("what can you do"))
        while len(caller.audio) < 48_000 * 4:
            await caller.expect("audio.delta", len(caller.of("audio.delta")) + 1)
        server.text = "thank you"
        microphone.speak(voice.speech("thank you"))
        await caller.expect("speech.started", 2)
        await caller.expect("audio.done")
        heard = (await caller.expect("transcript.done"))["transcript"]
        assert (await caller.expect("transcript.done", 2))["transcript"].startswith("You are welcome")
        await caller.send(type="disconnect")
        report = (await caller.expect("disconnected"))["report"]
    contents = [message["content"] for message in report["messages"]]
    assert contents[:3] == ["what can you do", f"{heard} [interrupted]", "thank you"]
    (first, _) = await voice.facts(session_id, "voice.reply_spoken")
    assert first["cut"]
    assert len(first["generated"]) > len(first["heard"]) > 0
    assert first["heard_ms"] < first["audio_ms"]


async def test_a_failing_service_is_asked_again_and_then_reported(
    cascade_voice: Any, server: SpeechServer
) -> None:
    voice = cascade_voice
    server.text = "thank you"
    session_id = (await voice.create())["session_id"]
    async with voice.call(session_id) as caller, caller.microphone() as microphone:
        server.failures = 1
        microphone.speak(voice.speech("thank you"))
        await caller.expect("transcript.done")
        assert len(server.recordings) == 2
        assert not caller.of("error")
        server.status = 503
        microphone.speak(voice.speech("thank you"))
        error = await caller.expect("error")
        assert (error["code"], error["message"]) == ("server_error", "speech recognition failed")
        server.status = 200
        assert (await caller.expect("transcript.done", 2))["transcript"].startswith("Sorry")
        microphone.speak(voice.speech("thank you"))
        assert (await caller.expect("transcript.done", 3))["transcript"].startswith("You are welcome")
        await caller.send(type="disconnect")
        await caller.expect("disconnected")


async def test_a_killed_voice_bridge_is_replaced_and_the_talk_goes_on(
    cascade_voice: Any, server: SpeechServer
) -> None:
    voice = cascade_voice
    server.text = "email of Liam Patel"
    session_id = (await voice.create("erin"))["session_id"]
    async with voice.call(session_id, "erin") as caller, caller.microphone() as microphone:
        microphone.speak(voice.speech(server.text))
        await caller.expect("audio.delta", 20)
        deltas = len(caller.of("audio.delta"))
        await asyncio.to_thread(voice.stack.kill, "voice-bridge")
        assert "Liam Patel" in (await caller.expect("transcript.done"))["transcript"]
        assert len(caller.of("audio.delta")) > deltas, "the reply that was cut by the crash is said again"
        server.text = "thank you"
        microphone.speak(voice.speech(server.text))
        assert (await caller.expect("transcript.done", 2))["transcript"].startswith("You are welcome")
        await caller.send(type="disconnect")
        report = (await caller.expect("disconnected"))["report"]
        assert await caller.expect_close() == 1000
        assert not caller.of("error")
    users = [each["content"] for each in report["messages"] if each["role"] == "user"]
    assert users == ["email of Liam Patel", "thank you"]
