"""The local engine with real speech: synthesized by espeak-ng, heard by silero and pocketsphinx."""

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest
from tests.engine_events import until

from protocols.voice.wire import VOICES
from voice_bridge.domain.answer import Answer
from voice_bridge.domain.dialogue import Manner
from voice_bridge.domain.endpointing import VadSettings
from voice_bridge.domain.language import Language
from voice_bridge.domain.phrases import phrase
from voice_bridge.domain.speech import (
    BYTES_PER_MS,
    AudioChunk,
    ReplyDone,
    ReplyText,
    SpeechConfirmed,
    SpeechStarted,
    SpeechStopped,
    TurnCommitted,
    UserTranscript,
    duration_ms,
)
from voice_bridge.engines.espeak import Espeak, EspeakSpeech
from voice_bridge.engines.local import LocalEngine
from voice_bridge.engines.local.catalogue import Catalogue
from voice_bridge.engines.local.phones import british
from voice_bridge.engines.pipeline import PipelineSession
from voice_bridge.ports import EngineError, Surroundings

CATALOGUE = Catalogue(
    phrases=("get all contacts", "find {name}", "analyze sales for {number}", "write the monthly report"),
    names=("Alice Smith", "Minsu Kim"),
)


async def commands() -> Catalogue:
    return CATALOGUE


class Agent:
    """Answers with what it was asked; `hold` keeps the second sentence back."""

    def __init__(self) -> None:
        self.asked: list[str | None] = []
        self.hold = asyncio.Event()
        self.hold.set()

    async def __call__(
        self, transcript: str | None, reply: str, language: Language
    ) -> AsyncIterator[str | Answer]:
        self.asked.append(transcript)
        yield "You have two contacts. "
        await self.hold.wait()
        yield "Alice Smith and Minsu Kim."


async def stream(session: PipelineSession, pcm: bytes) -> None:
    size = 40 * BYTES_PER_MS
    for start in range(0, len(pcm), size):
        await session.push_audio(pcm[start : start + size])


async def speech(text: str, espeak: Espeak) -> bytes:
    spoken = b"".join([block async for block in EspeakSpeech(espeak).speak(text, "coral", "en", Manner())])
    return bytes(300 * BYTES_PER_MS) + spoken + bytes(1300 * BYTES_PER_MS)


@pytest.fixture
async def espeak() -> AsyncIterator[Espeak]:
    child = Espeak()
    yield child
    await child.close()


@pytest.fixture
def agent() -> Agent:
    return Agent()


@pytest.fixture
async def session(espeak: Espeak, agent: Agent) -> AsyncIterator[PipelineSession]:
    made = LocalEngine(commands, espeak=espeak).session(Surroundings("alloy", agent))
    await made.open()
    yield made
    await made.close()


async def test_a_spoken_command_is_understood_and_answered(
    session: PipelineSession, espeak: Espeak, agent: Agent
) -> None:
    await stream(session, await speech("get all contacts", espeak))
    events = await until(session.events(), ReplyDone)
    heard = [event for event in events if not isinstance(event, AudioChunk | ReplyText | ReplyDone)]
    assert [type(event) for event in heard] == [
        SpeechStarted,
        SpeechConfirmed,
        SpeechStopped,
        TurnCommitted,
        UserTranscript,
    ]
    transcript = heard[-1]
    assert isinstance(transcript, UserTranscript)
    assert transcript.text == "get all contacts"
    assert 500 < transcript.speech_ms < 2000
    assert agent.asked == ["get all contacts"]
    texts = [event.text for event in events if isinstance(event, ReplyText)]
    assert texts == ["You have two contacts. ", "Alice Smith and Minsu Kim. "]
    spoken = sum(duration_ms(event.pcm) for event in events if isinstance(event, AudioChunk))
    assert 1500 < spoken < 6000


@pytest.mark.parametrize(
    ("said", "understood"),
    [
        ("find Minsu Kim", "find Minsu Kim"),
        ("analyze sales for twenty twenty three", "analyze sales for 2023"),
        ("find Alice Smith", "find Alice Smith"),
        ("what is the weather in Paris today", ""),
        ("could you play some music", ""),
    ],
)
async def test_only_the_catalogue_is_understood(
    session: PipelineSession, espeak: Espeak, said: str, understood: str
) -> None:
    await stream(session, await speech(said, espeak))
    events = await until(session.events(), ReplyDone)
    assert [event.text for event in events if isinstance(event, UserTranscript)] == [understood]
    said_again = "".join(event.text for event in events if isinstance(event, ReplyText))
    assert (said_again.strip() == phrase("not_understood", "en")) == (understood == "")


async def test_a_bare_number_counts_only_where_something_was_told(espeak: Espeak) -> None:
    async def agent(transcript: str | None, reply: str, language: Language) -> AsyncIterator[str | Answer]:
        yield f"You said {transcript}. Which one?"

    session = LocalEngine(commands, espeak=espeak).session(Surroundings("alloy", agent))
    await session.open()
    heard: list[str] = []
    events = session.events()
    for said in ("seven", "get all contacts", "seven"):
        await stream(session, await speech(said, espeak))
        heard += [event.text for event in await until(events, ReplyDone) if isinstance(event, UserTranscript)]
    await session.close()
    assert heard == ["", "get all contacts", "seven"]


@pytest.mark.parametrize(("said", "is_complete"), [("find Minsu Kim", True), ("find Minsu", False)])
async def test_a_command_that_nothing_can_follow_is_answered_sooner(
    espeak: Espeak, agent: Agent, said: str, is_complete: bool
) -> None:
    session = LocalEngine(commands, VadSettings(silence_ms=5000), espeak).session(Surroundings("ash", agent))
    await session.open()
    await stream(session, await speech(said, espeak))
    await session.close()
    texts = [event.text async for event in session.events() if isinstance(event, UserTranscript)]
    assert texts == ([said] if is_complete else [])


async def test_the_first_sentence_is_spoken_before_the_second_exists(
    session: PipelineSession, agent: Agent
) -> None:
    agent.hold.clear()
    await session.respond()
    events = session.events()
    await until(events, AudioChunk)
    agent.hold.set()
    rest = await until(events, ReplyDone)
    assert "Alice Smith and Minsu Kim. " in [event.text for event in rest if isinstance(event, ReplyText)]


async def test_an_interrupted_reply_says_no_more_and_the_next_one_comes(
    session: PipelineSession, agent: Agent
) -> None:
    agent.hold.clear()
    await session.respond()
    await session.respond()
    events = session.events()
    (begun,) = [event for event in await until(events, AudioChunk) if isinstance(event, ReplyText)]
    await session.interrupt(100)
    agent.hold.set()
    await session.respond()
    rest = await until(events, ReplyDone)
    assert not [
        event for event in rest if isinstance(event, ReplyText | ReplyDone) and event.reply == begun.reply
    ]
    assert agent.asked == [None, None]


async def test_a_turn_that_came_in_one_piece_is_answered_though_it_began_over_a_reply(
    session: PipelineSession, espeak: Espeak, agent: Agent
) -> None:
    agent.hold.clear()
    await session.respond()
    events = session.events()
    await until(events, AudioChunk)
    await session.push_audio(await speech("get all contacts", espeak))
    agent.hold.set()
    started = (await until(events, SpeechStarted))[-1]
    assert isinstance(started, SpeechStarted)
    await session.interrupt(100, started.turn)
    rest = await until(events, ReplyDone)
    assert [event.text for event in rest if isinstance(event, UserTranscript)] == ["get all contacts"]
    assert agent.asked == [None, "get all contacts"]


async def test_silence_and_noise_are_no_speech(session: PipelineSession) -> None:
    noise = np.random.default_rng(0).normal(0, 1000, 24_000).astype(np.int16).tobytes()
    await stream(session, bytes(24_000) + noise)
    await session.commit()
    await session.close()
    assert [event async for event in session.events()] == []


async def test_without_vad_the_client_ends_its_turn(espeak: Espeak, agent: Agent) -> None:
    engine = LocalEngine(commands, VadSettings(enabled=False), espeak)
    session = engine.session(Surroundings("ash", agent))
    await session.open()
    await stream(session, await speech("write the monthly report", espeak))
    await session.commit()
    events = await until(session.events(), UserTranscript)
    assert isinstance(events[-1], UserTranscript)
    assert events[-1].text == "write the monthly report"
    assert not any(isinstance(event, SpeechStarted) for event in events)
    await session.close()


async def test_a_closed_session_keeps_no_ears(session: PipelineSession) -> None:
    await session.close()
    with pytest.raises(EngineError, match="not open"):
        await session.push_audio(bytes(960))


async def test_a_dead_speech_process_is_replaced(espeak: Espeak) -> None:
    speaker = EspeakSpeech(espeak)
    first = b"".join([block async for block in speaker.speak("Hello.", "alloy", "en", Manner())])
    await espeak.close()
    assert b"".join([block async for block in speaker.speak("Hello.", "alloy", "en", Manner())]) == first


async def test_the_eight_voices_differ_in_both_languages(espeak: Espeak) -> None:
    speaker = EspeakSpeech(espeak)
    said: tuple[tuple[str, Language], ...] = (("Hello there.", "en"), ("안녕하세요.", "ko"))
    for text, language in said:
        takes = [
            b"".join([block async for block in speaker.speak(text, voice, language, Manner())])
            for voice in VOICES
        ]
        spectra = [np.abs(np.fft.rfft(np.frombuffer(take, np.int16), 65536))[:12000] for take in takes]
        bands = np.array([spectrum.reshape(60, 200).sum(axis=1) for spectrum in spectra])
        bands /= np.linalg.norm(bands, axis=1, keepdims=True)
        alike = bands @ bands.T - np.eye(len(VOICES))
        assert all(len(take) > 300 * BYTES_PER_MS for take in takes)
        assert alike.max() < 0.995


@pytest.mark.parametrize(
    ("american", "english"),
    [
        ("K AA R T ER", "K AA R T AH"),
        ("L AW D ER", "L AW D AH"),
        ("S T AA P", "S T AO P"),
        ("M AA R T IH N", "M AA R T IH N"),
        ("M AO R N IH NG", "M AO R N IH NG"),
    ],
)
def test_words_of_the_dictionary_are_understood_from_the_english_too(american: str, english: str) -> None:
    assert british(american) == english
