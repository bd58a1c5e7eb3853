"""How a reply becomes speech: page by page, sentence by sentence, the first while the rest is being made."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeAlias

import numpy as np

from protocols.voice.wire import Voice
from voice_bridge.domain.answer import Answer, Page
from voice_bridge.domain.dialogue import Dialogue, Manner
from voice_bridge.domain.language import Language
from voice_bridge.domain.phrases import phrase
from voice_bridge.domain.prose import Spoken, speakable
from voice_bridge.domain.speech import (
    AudioChunk,
    EngineEvent,
    EngineFailed,
    ReplyDone,
    ReplyText,
    ReplyWritten,
    duration_ms,
)
from voice_bridge.ports import EngineError

logger = logging.getLogger(__name__)

Emit: TypeAlias = Callable[[EngineEvent], None]
Source: TypeAlias = AsyncIterator[str | Answer]

_SENTENCES_AHEAD: Final = 8
_LONGEST_SENTENCE_MS: Final = 60_000
"""A voice that goes on for longer has lost itself."""
_CHUNK_SECONDS: Final = 15.0
"""How long a voice may be silent within a sentence."""


class Speech(Protocol):
    """Turns text into speech."""

    def speak(self, text: str, voice: Voice, language: Language, manner: Manner) -> AsyncIterator[bytes]:
        """The text as PCM16 at 24 kHz, as loud as the voice is; the pace is `manner`'s.

        Raises:
            EngineError: if the synthesis failed.
        """


@dataclass(slots=True)
class Said:
    """What was said of one reply, sentence by sentence.

    Attributes:
        durations: of the sentences whose audio was made, in milliseconds.
    """

    reply: str
    language: Language
    sentences: list[str] = field(default_factory=list)
    durations: list[float] = field(default_factory=list)

    def unheard(self, heard_ms: float) -> list[str]:
        """The sentences that were not heard to their end."""
        left = heard_ms
        for number, sentence_ms in enumerate(self.durations):
            if left < sentence_ms:
                return self.sentences[number:]
            left -= sentence_ms
        return self.sentences[len(self.durations) :]


class Speaker:
    """The mouth of one session.

    Attributes:
        said: what was said of the newest reply; None before the first.
    """

    def __init__(self, speech: Speech, dialogue: Dialogue, voice: Voice, emit: Emit) -> None:
        self.voice = voice
        self.said: Said | None = None
        self._speech = speech
        self._dialogue = dialogue
        self._emit = emit

    async def answer(self, reply: str, source: Source) -> None:
        """Tell what comes from the agent, and remember what is left to tell."""
        said = self.said = Said(reply, self._dialogue.spoken_language)
        sentences: asyncio.Queue[str | None] = asyncio.Queue(_SENTENCES_AHEAD)
        await self._in_parts(said, self._compose(said, source, sentences), sentences)

    async def tell(self, reply: str, page: Page) -> None:
        """Say a page."""
        said = self.said = Said(reply, page.language)
        sentences: asyncio.Queue[str | None] = asyncio.Queue()
        for sentence in page.spoken:
            sentences.put_nowait(sentence)
        sentences.put_nowait(None)
        await self._in_parts(said, None, sentences)

    async def _in_parts(
        self, said: Said, composing: Coroutine[None, None, None] | None, sentences: asyncio.Queue[str | None]
    ) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                if composing is not None:
                    group.create_task(composing)
                group.create_task(self._speak(said, sentences))
        except* EngineError as errors:
            for error in errors.exceptions:
                self._fail(said, str(error))
        except* Exception:
            logger.exception("reply %s failed", said.reply)
            self._fail(said, "the reply could not be spoken")
        self._emit(ReplyDone(said.reply))

    def _fail(self, said: Said, message: str) -> None:
        logger.warning("reply %s failed: %s", said.reply, message)
        self._emit(EngineFailed(message))

    async def _compose(self, said: Said, source: Source, sentences: asyncio.Queue[str | None]) -> None:
        """Put what is to be said into the queue, and tell of what is left."""
        spoken = Spoken(said.language)
        answer: Answer | None = None
        failure: EngineError | None = None
        try:
            async for piece in source:
                if isinstance(piece, Answer):
                    answer = piece
                    continue
                for sentence in spoken.feed(piece):
                    said.language = spoken.language
                    await sentences.put(sentence)
        except EngineError as error:
            failure = error
        finally:
            if isinstance(source, AsyncGenerator):
                await source.aclose()
        if answer is not None:
            await self._put_answer(said, answer, sentences)
        else:
            for sentence in spoken.finish():
                said.language = spoken.language
                await sentences.put(sentence)
            self._dialogue.told(spoken.page, rest=spoken.rest, picks={})
            if spoken.written.strip() and spoken.written.strip() != " ".join(spoken.page.sentences):
                self._emit(ReplyWritten(said.reply, spoken.written.strip()))
            if failure is None and not spoken.page.sentences:
                await sentences.put(
                    phrase("on_screen" if spoken.written.strip() else "no_answer", said.language)
                )
        if failure is not None:
            self._fail(said, str(failure))
            await sentences.put(phrase("failed", said.language))
        await sentences.put(None)

    async def _put_answer(self, said: Said, answer: Answer, sentences: asyncio.Queue[str | None]) -> None:
        page, *rest = answer.pages
        said.language = page.language
        self._dialogue.told(page, rest=rest, picks=answer.picks)
        self._emit(ReplyWritten(said.reply, answer.written))
        for sentence in page.spoken:
            await sentences.put(sentence)

    async def _speak(self, said: Said, sentences: asyncio.Queue[str | None]) -> None:
        manner = self._dialogue.manner
        while (sentence := await sentences.get()) is not None:
            segment = len(said.sentences)
            said.sentences.append(sentence)
            self._emit(ReplyText(said.reply, segment, f"{sentence} "))
            spoken_ms = 0.0
            if text := speakable(sentence, said.language):
                async for pcm in _in_time(self._speech.speak(text, self.voice, said.language, manner)):
                    spoken_ms += duration_ms(pcm)
                    self._emit(AudioChunk(said.reply, segment, louder(pcm, manner.gain)))
                    if spoken_ms > _LONGEST_SENTENCE_MS:
                        raise EngineError("the voice does not end")
            said.durations.append(spoken_ms)


async def _in_time(blocks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The blocks, each within its time."""
    try:
        while True:
            try:
                async with asyncio.timeout(_CHUNK_SECONDS):
                    block = await anext(blocks, None)
            except TimeoutError as error:
                raise EngineError("the voice fell silent") from error
            if block is None:
                return
            yield block
    finally:
        if isinstance(blocks, AsyncGenerator):
            await blocks.aclose()


def louder(pcm: bytes, gain: float) -> bytes:
    """The audio with its level changed by a factor, cut off where it is too loud."""
    if gain == 1.0:
        return pcm
    samples = np.frombuffer(pcm, "<i2").astype(np.float32) * gain
    return bytes(np.clip(samples, -32768, 32767).astype("<i2").tobytes())
