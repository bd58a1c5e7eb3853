"""An engine over any OpenAI-compatible transcription and speech endpoints."""

import asyncio
import io
import logging
import wave
from collections.abc import AsyncIterator
from typing import Final

import httpx2
import openai

from protocols.voice.wire import Voice
from voice_bridge.domain.dialogue import Manner
from voice_bridge.domain.endpointing import Outlook, VadSettings
from voice_bridge.domain.language import Language
from voice_bridge.engines.audio import HEARING_RATE
from voice_bridge.engines.faults import reason
from voice_bridge.engines.pipeline import PipelineSession
from voice_bridge.ports import EngineError, Surroundings

logger = logging.getLogger(__name__)

_TEXT_SECONDS: Final = 30.0
"""How long a service may take to put a turn into text, all attempts together."""
_WORDS: Final = ("text/", "application/json", "application/xml")
"""Begin the content types of an answer that is no audio, whatever its status."""
_CONTAINERS: Final = (b"RIFF", b"ID3", b"OggS", b"fLaC", b"\xff\xf3", b"\xff\xfb")
"""How files begin that are not the bare PCM that was asked for, and would be noise."""


class CascadeEngine:
    """An `Engine` whose recognizer and voice are behind HTTP."""

    def __init__(
        self,
        client: openai.AsyncOpenAI,
        *,
        transcription_model: str,
        transcription_language: str = "",
        speech_model: str,
        vad: VadSettings | None = None,
    ) -> None:
        """Use `client`, whose base address, key, retries and time limits apply; `close` closes it."""
        self._client = client
        self._recognizer = HttpRecognizer(client, transcription_model, transcription_language)
        self._speech = HttpSpeech(client, speech_model)
        self._vad = vad or VadSettings()

    def session(self, surroundings: Surroundings) -> PipelineSession:
        """As `Engine.session`."""
        return PipelineSession(surroundings, self._recognizer, self._speech, self._vad)

    async def close(self) -> None:
        """As `Engine.close`."""
        await self._client.close()


class HttpRecognizer:
    """A `Recognizer` over ``POST /audio/transcriptions``; keeps nothing between turns."""

    def __init__(self, client: openai.AsyncOpenAI, model: str, language: str = "") -> None:
        """`language` is what the model is told to expect; empty for any."""
        self._client = client
        self._model = model
        self._language = language

    async def open(self) -> None:
        """As `Recognizer.open`; there is nothing to get ready."""

    def begin(self, *, may_choose: bool) -> "HttpUtterance":
        """As `Recognizer.begin`."""
        return HttpUtterance(self._client, self._model, self._language)

    def close(self) -> None:
        """As `Recognizer.close`; the client belongs to the engine."""


class HttpUtterance:
    """An `Utterance` that is sent as one WAV file when it has ended."""

    def __init__(self, client: openai.AsyncOpenAI, model: str, language: str) -> None:
        self._client = client
        self._model = model
        self._language = language
        self._pcm = bytearray()

    def feed(self, pcm: bytes) -> None:
        """As `Utterance.feed`."""
        self._pcm += pcm

    def outlook(self) -> Outlook:
        """As `Utterance.outlook`; nobody knows before the server is asked."""
        return Outlook.UNKNOWN

    def partial(self) -> str | None:
        """As `Utterance.partial`; nobody knows either."""
        return None

    def end(self, silence_ms: int | None) -> None:
        """As `Utterance.end`; the text is made on the server."""

    async def text(self) -> str:
        """As `Utterance.text`."""
        file = ("speech.wav", _wav(self._pcm), "audio/wav")
        try:
            async with asyncio.timeout(_TEXT_SECONDS):
                found: object = await self._client.audio.transcriptions.create(
                    file=file, model=self._model, language=self._language or openai.omit
                )
        except (openai.OpenAIError, httpx2.HTTPError, TimeoutError, ValueError) as error:
            raise _failed("recognition", reason(error)) from error
        # Of an answer that is not what the call documents, the client makes anything.
        if not isinstance(text := getattr(found, "text", None), str):
            raise _failed("recognition", f"no text, but {type(found).__name__}")
        return text.strip()


def _failed(what: str, why: str) -> EngineError:
    """The error for the user, its reason being told to the operator."""
    logger.warning("speech %s failed: %s", what, why)
    return EngineError(f"speech {what} failed")


def _wav(pcm: bytearray) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(HEARING_RATE)
        writer.writeframes(pcm)
    return file.getvalue()


class HttpSpeech:
    """A `Speech` over ``POST /audio/speech`` with ``response_format: pcm``, which is PCM16 at 24 kHz."""

    def __init__(self, client: openai.AsyncOpenAI, model: str) -> None:
        self._client = client
        self._model = model

    async def speak(
        self, text: str, voice: Voice, language: Language, manner: Manner
    ) -> AsyncIterator[bytes]:
        """As `Speech.speak`; audio is passed on as it arrives, and the service finds the language."""
        create = self._client.audio.speech.with_streaming_response.create
        odd, begins = b"", b""
        try:
            async with create(
                input=text,
                model=self._model,
                voice=voice,
                response_format="pcm",
                speed=manner.pace if manner.pace != 1 else openai.omit,
            ) as response:
                kind = response.headers.get("content-type", "")
                if kind.startswith(_WORDS):
                    raise _failed("synthesis", f"the answer is {kind}")
                async for block in response.iter_bytes():
                    begins = begins or block[:4]
                    if begins.startswith(_CONTAINERS):
                        raise _failed("synthesis", "the answer is no bare PCM")
                    pcm = odd + block
                    odd = pcm[len(pcm) & ~1 :]
                    if whole := pcm[: len(pcm) & ~1]:
                        yield whole
        except (openai.OpenAIError, httpx2.HTTPError) as error:  # a stream that breaks raises the latter
            raise _failed("synthesis", reason(error)) from error
        if not begins:
            raise _failed("synthesis", "the answer is empty")
