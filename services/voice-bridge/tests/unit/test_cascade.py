"""The cascade engine against a local server that speaks the documented transcription and speech calls."""

import asyncio
import io
import wave
from collections.abc import AsyncIterator

import numpy as np
import openai
import pytest
from tests.speech_services.endpoints import SpeechServer, speech_server

from voice_bridge.domain.answer import Answer
from voice_bridge.domain.dialogue import Manner
from voice_bridge.domain.language import Language
from voice_bridge.domain.speech import (
    BYTES_PER_MS,
    AudioChunk,
    EngineEvent,
    EngineFailed,
    ReplyDone,
    ReplyText,
    UserTranscript,
)
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


async def until(events: AsyncIterator[EngineEvent], kind: type[EngineEvent]) -> list[EngineEvent]:
    seen = []
    async with asyncio.timeout(20):
        async for event in events:
            seen.append(event)
            if isinstance(event, kind):
                return seen
    raise AssertionError(f"the engine ended before {kind.__name__}: {seen}")


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


async def test_a_failing_voice_ends_the_reply(
    session: PipelineSession, server: tuple[SpeechServer, str], agent: Agent
) -> None:
    server[0].status = 503
    agent.hold.set()
    await session.respond()
    events = await until(session.events(), ReplyDone)
    assert EngineFailed("speech synthesis failed") in events


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
