"""How soon the local voice engine answers, and what a live session costs.

Run as ``python bench/voice_latency.py``. Speech made by espeak-ng is streamed at real-time pace; the reply
is canned, so the figures hold the engine alone: the VAD's silence, recognition and synthesis. End of speech
is the last sample above a hundredth of full scale.
"""

import asyncio
import resource
import statistics
import sys
import time
from collections.abc import AsyncIterator

import numpy as np

from voice_bridge.domain.answer import Answer
from voice_bridge.domain.dialogue import Manner
from voice_bridge.domain.endpointing import VadSettings
from voice_bridge.domain.language import Language
from voice_bridge.domain.speech import BYTES_PER_MS, AudioChunk, ReplyDone, SpeechStarted, duration_ms
from voice_bridge.engines.espeak import Espeak, EspeakSpeech
from voice_bridge.engines.local import LocalEngine
from voice_bridge.engines.local.catalogue import Catalogue
from voice_bridge.engines.pipeline import PipelineSession
from voice_bridge.ports import Surroundings

FRAME_MS = 40
PROBE_SECONDS = 0.005
CATALOGUE = Catalogue(
    ("get all contacts", "find {name}", "write the monthly report"), ("Alice Smith", "Bob Jones")
)


async def commands() -> Catalogue:
    """What can be said."""
    return CATALOGUE


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


async def turn(session: PipelineSession, pcm: bytes) -> tuple[float, float]:
    """One turn: milliseconds from end of speech to first audio, and milliseconds of audio in the reply."""
    loud = np.flatnonzero(np.abs(np.frombuffer(pcm, np.int16)) > 327)
    streaming = asyncio.create_task(stream(session, pcm))
    first, spoken = 0.0, 0.0
    async for event in session.events():
        if isinstance(event, AudioChunk):
            first = first or time.perf_counter()
            spoken += duration_ms(event.pcm)
        if isinstance(event, ReplyDone):
            break
    began = await streaming
    return (first - began) * 1000 - loud[-1] / 24, spoken


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


async def opened(engine: LocalEngine, count: int) -> list[PipelineSession]:
    """Sessions opened at once; how long that takes, and how long others wait for the event loop meanwhile."""
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
    print(f"{count} opened at once: {took * 1000:.0f} ms, loop held for at most {max(lags) * 1000:.0f} ms")
    return sessions


async def measured(session: PipelineSession, pcm: bytes, turns: int) -> tuple[list[float], float, float]:
    """Milliseconds to the first audio, sorted, and the CPU of a talking and of a silent session."""
    cpu, began = cpu_seconds(), time.perf_counter()
    delays = sorted([(await turn(session, pcm))[0] for _ in range(turns)])
    talking = (cpu_seconds() - cpu) / (time.perf_counter() - began)
    cpu, began = cpu_seconds(), time.perf_counter()
    await stream(session, bytes(3000 * BYTES_PER_MS))
    return delays, talking, (cpu_seconds() - cpu) / (time.perf_counter() - began)


async def asked(espeak: Espeak) -> tuple[bytes, bytes]:
    """A command, and the same with the silence around it."""
    speech = EspeakSpeech(espeak).speak("get all contacts", "coral", "en", Manner())
    spoken = b"".join([block async for block in speech])
    return spoken, bytes(300 * BYTES_PER_MS) + spoken + bytes(900 * BYTES_PER_MS)


async def main(turns: int) -> None:
    """Print the figures."""
    vad = VadSettings()
    espeak = Espeak()
    spoken, pcm = await asked(espeak)
    engine = LocalEngine(commands, vad, espeak)

    (session,) = await opened(engine, 1)
    for another in await opened(engine, 8):
        await another.close()

    delays, talking, silent = await measured(session, pcm, turns)
    print(
        f"end of speech to first audio over {turns} turns, ms: p50 {statistics.median(delays):.0f}, ", end=""
    )
    print(f"max {delays[-1]:.0f}; the silence waited for is {vad.complete_silence_ms} of it")
    share = duration_ms(spoken) / duration_ms(pcm)
    print(f"CPU of a session that speaks {share:.0%} of the time: {talking:.1%} of a core")
    print(f"CPU of a silent session: {silent:.1%} of a core")
    print(f"detected speech to a stopped reply: {await interruption(session, pcm):.1f} ms")
    await session.close()
    await engine.close()


def cpu_seconds() -> float:
    """CPU time of this process and of the children that have ended."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10))
