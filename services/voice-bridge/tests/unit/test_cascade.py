"""The cascade engine against a local server that speaks the documented transcription and speech calls."""

import asyncio
import io
import wave
from collections.abc import AsyncIterator, Callable

import numpy as np
import openai
import pytest
from starlette.responses import HTMLResponse, JSONResponse, Response
from tests.engine_events import until
from tests.speech_services.endpoints import SpeechServer, speech_server

from voice_bridge.domain.answer import Answer
from voice_bridge.domain.dialogue import Manner
from voice_bridge.domain.language import Language
from voice_bridge.domain.speech import (
    BYTES_PER_MS,
    AudioChunk,
    EngineFailed,
    ReplyDone,
    ReplyText,
    UserTranscript,
)
from voice_bridge.engines import cascade, speaking
from voice_bridge.engines.cascade import CascadeEngine
from voice_bridge.engines.espeak import Espeak, EspeakSpeech
from voice_bridge.engines.pipeline import PipelineSession
from voice_bridge.ports import Surroundings


class Agent:
    def __init__(self) -> None:
        self.asked: list[str | None] = []
        self.hold = asyncio.Event()

    async def __call__(
        self, transcript: str | None, reply: str, language: Language
    ) -> AsyncIterator[str | Answer]:
        self.asked.append(transcript)
        yield "앨리스를 찾았어요. "
        await self.hold.wait()
        yield "Her address is alice@example.test."


@pytest.fixture
def agent() -> Agent:
    return Agent()


@pytest.fixture
async def server() -> AsyncIterator[tuple[SpeechServer, str]]:
    async with speech_server() as served:
        yield served


@pytest.fixture
async def session(server: tuple[SpeechServer, str], agent: Agent) -> AsyncIterator[PipelineSession]:
    client = openai.AsyncOpenAI(base_url=server[1], api_key="k", max_retries=0)
    engine = CascadeEngine(client, transcription_model="ears", speech_model="mouth")
    made = engine.session(Surroundings("coral", agent))
    await made.open()
    yield made
    await made.close()
    await engine.close()


@pytest.fixture
async def spoken() -> AsyncIterator[bytes]:
    child = Espeak()
    pcm = b"".join([block async for block in EspeakSpeech(child).speak("find Alice", "ash", "en", Manner())])
    yield bytes(300 * BYTES_PER_MS) + pcm + bytes(1300 * BYTES_PER_MS)
    await child.close()


async def test_sentences_are_spoken_as_they_are_completed(
    session: PipelineSession, server: tuple[SpeechServer, str], agent: Agent, spoken: bytes
) -> None:
    speech = server[0]
    await session.push_audio(spoken)
    events = session.events()
    first = await until(events, AudioChunk)
    assert [event.text for event in first if isinstance(event, UserTranscript)] == ["find alice"]
    assert speech.spoken == [("앨리스를 찾았어요.", "coral", "Bearer k")]
    await session.update("verse")
    agent.hold.set()
    rest = await until(events, ReplyDone)
    assert speech.spoken[1][:2] == ("Her address is alice 골뱅이 example 점 test.", "verse")
    chunks = [event for event in first + rest if isinstance(event, AudioChunk)]
    assert sum(len(chunk.pcm) for chunk in chunks) == 2 * 9990
    assert all(len(chunk.pcm) % 2 == 0 for chunk in chunks)
    assert agent.asked == ["find alice"]
    with wave.open(io.BytesIO(speech.recordings[0])) as recording:
        assert recording.getparams()[:3] == (1, 2, 16000)
        samples = np.frombuffer(recording.readframes(recording.getnframes()), np.int16)
    assert np.abs(samples).max() > 1000


async def test_what_is_not_understood_is_asked_again(
    session: PipelineSession, server: tuple[SpeechServer, str], agent: Agent, spoken: bytes
) -> None:
    server[0].text = " "
    await session.push_audio(spoken)
    events = await until(session.events(), ReplyDone)
    assert "understand" in "".join(event.text for event in events if isinstance(event, ReplyText))
    assert agent.asked == []


async def test_a_failing_recognizer_is_reported_and_the_talk_goes_on(
    session: PipelineSession, server: tuple[SpeechServer, str], agent: Agent, spoken: bytes
) -> None:
    speech = server[0]
    speech.status = 500
    await session.push_audio(spoken)
    events = session.events()
    failed = await until(events, EngineFailed)
    assert failed[-1] == EngineFailed("speech recognition failed")
    await until(events, ReplyDone)
    speech.status = 200
    agent.hold.set()
    await session.push_audio(spoken)
    await until(events, ReplyDone)
    assert agent.asked == ["find alice"]


SECRET = "sk-live-0123456789"
ODD: dict[str, Callable[[], Response]] = {
    "nothing": lambda: Response(b""),
    "a page": lambda: HTMLResponse("<h1>Welcome to this network</h1>"),
    "another shape": lambda: JSONResponse({"foo": 1}),
    "a list": lambda: JSONResponse([]),
    "half of it": lambda: Response('{"text": "fi', media_type="application/json"),
    "unavailable": lambda: HTMLResponse("<h1>502 Bad Gateway</h1>", 502),
    "a wrong key": lambda: JSONResponse({"error": {"message": f"Incorrect API key: {SECRET}"}}, 401),
    "too much": lambda: JSONResponse({"error": {"message": "of org-abcdef"}}, 429, {"Retry-After": "2"}),
}


@pytest.mark.parametrize("name", ODD)
async def test_an_odd_answer_of_the_recognizer_ends_the_turn_and_its_reason_is_logged_without_keys(
    session: PipelineSession,
    server: tuple[SpeechServer, str],
    agent: Agent,
    spoken: bytes,
    name: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def odd() -> Response:
        server[0].odd = None  # for the sentence that tells the user is spoken
        return ODD[name]()

    server[0].odd = odd
    await session.push_audio(spoken)
    events = await until(session.events(), ReplyDone)
    assert EngineFailed("speech recognition failed") in events
    assert any(isinstance(event, AudioChunk) for event in events)
    assert agent.asked == []
    assert "speech recognition failed: " in caplog.text
    assert SECRET not in caplog.text
    assert "org-" not in caplog.text


@pytest.mark.parametrize("name", [*ODD, "a file"])
async def test_an_odd_answer_of_the_voice_ends_the_reply_and_is_not_played(
    session: PipelineSession,
    server: tuple[SpeechServer, str],
    agent: Agent,
    name: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def odd() -> Response:
        return ODD[name]() if name in ODD else Response(b"RIFF" + bytes(4800))

    server[0].odd = odd
    agent.hold.set()
    await session.respond()
    events = await until(session.events(), ReplyDone)
    assert EngineFailed("speech synthesis failed") in events
    assert not any(isinstance(event, AudioChunk) for event in events)
    assert SECRET not in caplog.text


async def test_a_recognizer_that_never_answers_is_given_up(
    session: PipelineSession,
    server: tuple[SpeechServer, str],
    spoken: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    over = asyncio.Event()

    async def never() -> Response:
        server[0].odd = None
        await over.wait()
        return Response()

    server[0].odd = never
    monkeypatch.setattr(cascade, "_TEXT_SECONDS", 0.05)
    await session.push_audio(spoken)
    events = await until(session.events(), ReplyDone)
    assert EngineFailed("speech recognition failed") in events
    over.set()


async def test_a_voice_that_falls_silent_in_mid_sentence_ends_the_reply(
    session: PipelineSession,
    server: tuple[SpeechServer, str],
    agent: Agent,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server[0].stalls_after = 2
    monkeypatch.setattr(speaking, "_CHUNK_SECONDS", 0.5)
    agent.hold.set()
    await session.respond()
    events = await until(session.events(), ReplyDone)
    assert EngineFailed("the voice fell silent") in events


async def test_a_voice_that_breaks_in_mid_sentence_ends_the_reply_and_says_so(
    session: PipelineSession, server: tuple[SpeechServer, str], agent: Agent
) -> None:
    server[0].breaks_after = 3
    agent.hold.set()
    await session.respond()
    events = await until(session.events(), ReplyDone)
    assert any(isinstance(event, AudioChunk) for event in events)
    assert EngineFailed("speech synthesis failed") in events


async def test_a_model_that_answers_nothing_is_told_of(server: tuple[SpeechServer, str]) -> None:
    async def nothing(
        _transcript: str | None, _reply: str, _language: Language
    ) -> AsyncIterator[str | Answer]:
        said: tuple[str, ...] = ()
        for piece in said:
            yield piece

    client = openai.AsyncOpenAI(base_url=server[1], api_key="k", max_retries=0)
    engine = CascadeEngine(client, transcription_model="ears", speech_model="mouth")
    session = engine.session(Surroundings("coral", nothing))
    await session.open()
    await session.respond()
    events = await until(session.events(), ReplyDone)
    assert "no answer" in "".join(event.text for event in events if isinstance(event, ReplyText))
    await session.close()
    await engine.close()


async def test_the_pace_and_the_expected_language_reach_the_service(
    server: tuple[SpeechServer, str], agent: Agent, spoken: bytes
) -> None:
    agent.hold.set()
    client = openai.AsyncOpenAI(base_url=server[1], api_key="k", max_retries=0)
    engine = CascadeEngine(
        client, transcription_model="ears", transcription_language="en", speech_model="mouth"
    )
    session = engine.session(Surroundings("coral", agent, "en"))
    await session.open()
    server[0].text = "slower"
    await session.push_audio(spoken)
    await until(session.events(), ReplyDone)
    assert server[0].languages == ["en"]
    assert server[0].speeds[-1] == pytest.approx(1 / 1.2)
    await session.close()
    await engine.close()
