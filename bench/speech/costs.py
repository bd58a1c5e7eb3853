"""How soon the engine answers, what a session costs, and how long answers are by ear.

Speech made by espeak-ng is streamed at real-time pace; the reply is canned, so the times hold the engine
alone: the VAD's silence, recognition and synthesis. End of speech is the last sample above a hundredth of
full scale.
"""

import asyncio
import resource
import time
from collections.abc import AsyncIterator
from typing import Final

import numpy as np
from tests.answers import CATALOGUE, SLOWEST, answered

from speech import Budget, Figures
from voice_bridge.domain.answer import Answer
from voice_bridge.domain.dialogue import Manner
from voice_bridge.domain.endpointing import VadSettings
from voice_bridge.domain.language import Language
from voice_bridge.domain.prose import speakable
from voice_bridge.domain.speech import BYTES_PER_MS, AudioChunk, ReplyDone, SpeechStarted, duration_ms
from voice_bridge.engines.espeak import Espeak, EspeakSpeech
from voice_bridge.engines.local import LocalEngine
from voice_bridge.engines.local.catalogue import Catalogue
from voice_bridge.engines.pipeline import PipelineSession
from voice_bridge.ports import Surroundings

FRAME_MS: Final = 40
PROBE_SECONDS: Final = 0.005
TURNS: Final = 10
VAD: Final = VadSettings()
COMMANDS: Final = Catalogue(
    ("get all contacts", "find {name}", "write the monthly report"), ("Alice Smith", "Bob Jones")
)


async def commands() -> Catalogue:
    """What can be said."""
    return COMMANDS


async def reply(_transcript: str | None, _reply: str, _language: Language) -> AsyncIterator[str | Answer]:
    """A canned answer."""
    yield "You have two contacts, Alice Smith and Bob Jones."


async def stream(session: PipelineSession, pcm: bytes) -> float:
    """Push audio at real-time pace; the time at which it began."""
    began = time.perf_counter()
    size = FRAME_MS * BYTES_PER_MS
    for number, start in enumerate(range(0, len(pcm), size)):
        await asyncio.sleep(began + (number + 1) * FRAME_MS / 1000 - time.perf_counter())
        await session.push_audio(pcm[start : start + size])
    return began


async def turn(session: PipelineSession, pcm: bytes) -> float:
    """One turn: milliseconds from the end of speech to the first audio."""
    loud = np.flatnonzero(np.abs(np.frombuffer(pcm, np.int16)) > 327)
    streaming = asyncio.create_task(stream(session, pcm))
    first = 0.0
    async for event in session.events():
        if isinstance(event, AudioChunk):
            first = first or time.perf_counter()
        if isinstance(event, ReplyDone):
            break
    began = await streaming
    return (first - began) * 1000 - float(loud[-1]) / 24


async def interruption(session: PipelineSession, pcm: bytes) -> float:
    """Milliseconds from detected speech to the end of the interrupt."""
    await session.respond()
    streaming = asyncio.create_task(stream(session, pcm))
    async for event in session.events():
        if isinstance(event, SpeechStarted):
            detected = time.perf_counter()
            await session.interrupt(100)
            stopped = time.perf_counter()
            break
    await streaming
    return (stopped - detected) * 1000


async def opened(engine: LocalEngine, count: int) -> tuple[float, float, list[PipelineSession]]:
    """Sessions opened at once: how long that takes, how long others wait for the event loop, both in ms."""
    lags = [0.0]

    async def probe() -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(PROBE_SECONDS)
            lags.append(time.perf_counter() - before - PROBE_SECONDS)

    probing = asyncio.create_task(probe())
    before = time.perf_counter()
    sessions = [engine.session(Surroundings("alloy", reply)) for _ in range(count)]
    await asyncio.gather(*(session.open() for session in sessions))
    took = time.perf_counter() - before
    await asyncio.sleep(2 * PROBE_SECONDS)
    probing.cancel()
    return took * 1000, max(lags) * 1000, sessions


async def times(espeak: Espeak, budget: Budget) -> Figures:
    """How soon the engine alone answers, and what a session costs."""
    speech = EspeakSpeech(espeak).speak("get all contacts", "coral", "en", Manner())
    spoken = b"".join([block async for block in speech])
    pcm = bytes(300 * BYTES_PER_MS) + spoken + bytes(900 * BYTES_PER_MS)
    engine = LocalEngine(commands, VAD, espeak)
    opening, lag, (session,) = await opened(engine, 1)
    opening_8, lag_8, others = await opened(engine, 8)
    for another in others:
        await another.close()
    cpu, began = cpu_seconds(), time.perf_counter()
    delays = [await turn(session, pcm)]
    while len(delays) < TURNS and not budget.is_over:
        delays.append(await turn(session, pcm))
    talking = (cpu_seconds() - cpu) / (time.perf_counter() - began)
    cpu, began = cpu_seconds(), time.perf_counter()
    await stream(session, bytes(3000 * BYTES_PER_MS))
    silent = (cpu_seconds() - cpu) / (time.perf_counter() - began)
    stopped = await interruption(session, pcm)
    await session.close()
    return {
        "first_audio_ms": [round(delay) for delay in sorted(delays)],
        "silence_ms": VAD.complete_silence_ms,
        "interrupted_ms": round(stopped, 1),
        "talking_cores": round(talking, 3),
        "silent_cores": round(silent, 3),
        "opening_ms": {"1": round(opening), "8": round(opening_8)},
        "loop_held_ms": {"1": round(lag), "8": round(lag_8)},
    }


async def answers(espeak: Espeak, budget: Budget) -> Figures:
    """Spoken seconds of each answer of the catalogue, in the slowest voice."""
    speech = EspeakSpeech(espeak)
    seconds: Figures = {}
    for case in CATALOGUE:
        if budget.is_over:
            break
        page = answered(case).pages[0]
        said = [speakable(sentence, page.language) for sentence in page.spoken]
        blocks = [
            block for text in said async for block in speech.speak(text, SLOWEST, page.language, Manner())
        ]
        seconds[case["said"]] = round(sum(map(duration_ms, blocks)) / 1000, 1)
    return {"of": len(CATALOGUE), "seconds": seconds}


def cpu_seconds() -> float:
    """CPU time of this process and of the children that have ended."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
