"""espeak-ng as a child process, `speech_child`: it is under the GPL, and a fault in it ends nothing else."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from dataclasses import replace
from typing import Any, Final

from protocols.voice.wire import Voice
from voice_bridge.domain.dialogue import Manner
from voice_bridge.domain.language import Language
from voice_bridge.domain.speech import SAMPLE_RATE
from voice_bridge.engines.audio import Resampler
from voice_bridge.engines.voices import ESPEAK_NAMES, TIMBRES, Timbre
from voice_bridge.ports import EngineError

NATIVE_RATE: Final = 22_050
_PACE: Final[dict[Language, float]] = {"en": 1.0, "ko": 1.2}
"""espeak-ng counts words, and Korean ones are longer: people speak so many more syllables."""
_SLOWEST, _FASTEST = 80, 400
"""Words a minute that espeak-ng takes."""
_ANSWER_WITHIN: Final = 10.0
"""Seconds for each piece of an answer; synthesis runs a hundred times faster than real time."""


def _pipes(process: Process) -> tuple[asyncio.StreamWriter, asyncio.StreamReader]:
    if process.stdin is None or process.stdout is None:
        raise EngineError("speech synthesis has no pipes")
    return process.stdin, process.stdout


async def _stop(process: Process) -> None:
    has_ended = process.stdout is not None and process.stdout.at_eof()
    if not has_ended:
        with suppress(ProcessLookupError):
            process.kill()
    await process.wait()


class Espeak:
    """One child process, shared by all sessions and started again when it has died."""

    def __init__(self) -> None:
        self._process: Process | None = None
        self._turn = asyncio.Lock()

    async def speak(self, text: str, voice: str, timbre: Timbre) -> AsyncIterator[bytes]:
        """The text as PCM16 at `NATIVE_RATE`, made whole first, which takes a few milliseconds."""
        request = {"op": "speak", "text": text, "voice": voice, "pitch": timbre.pitch, "rate": timbre.rate}
        for chunk in await self._ask(request):
            yield chunk

    async def pronounce(self, text: str, voice: str) -> str:
        """The text in IPA."""
        return b"".join(await self._ask({"op": "pronounce", "text": text, "voice": voice})).decode()

    async def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            await _stop(process)

    async def _ask(self, request: dict[str, Any]) -> list[bytes]:
        async with self._turn:
            process = self._process
            if process is None or process.returncode is not None:
                process = self._process = await asyncio.create_subprocess_exec(
                    sys.executable, "-m", "voice_bridge.engines.speech_child", stdin=PIPE, stdout=PIPE
                )
            answered = False
            try:
                async with asyncio.timeout(_ANSWER_WITHIN):
                    chunks = await _exchange(process, request)
                answered = True
            except (TimeoutError, asyncio.IncompleteReadError, ConnectionError) as error:
                raise EngineError("speech synthesis failed") from error
            finally:
                if not answered:
                    # Half an answer is left in the pipe: only a new process starts clean.
                    self._process = None
                    await _stop(process)
            return chunks


async def _exchange(process: Process, request: dict[str, Any]) -> list[bytes]:
    requests, answers = _pipes(process)
    requests.write(json.dumps(request).encode() + b"\n")
    await requests.drain()
    chunks = []
    while size := int.from_bytes(await answers.readexactly(4), "big"):
        chunks.append(await answers.readexactly(size))
    return chunks


class EspeakSpeech:
    """Speaks sentences in the protocol's voices, at the protocol's rate."""

    def __init__(self, espeak: Espeak) -> None:
        self._espeak = espeak

    async def speak(
        self, text: str, voice: Voice, language: Language, manner: Manner
    ) -> AsyncIterator[bytes]:
        """As `speaking.Speech.speak`.

        Raises:
            EngineError: if the synthesis fails.
        """
        timbre = TIMBRES[voice]
        pace = manner.pace * _PACE[language]
        timbre = replace(timbre, rate=round(min(max(timbre.rate * pace, _SLOWEST), _FASTEST)))
        resampler = Resampler(NATIVE_RATE, SAMPLE_RATE)
        name = f"{ESPEAK_NAMES[language]}+{timbre.variant}"
        async with aclosing(self._espeak.speak(text, name, timbre)) as blocks:  # type: ignore[type-var]
            async for block in blocks:
                if pcm := resampler.feed(block):
                    yield pcm
        if pcm := resampler.feed(b"", last=True):
            yield pcm
