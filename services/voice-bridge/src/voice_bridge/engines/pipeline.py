"""An engine session made of ears, a recognizer, a voice, and replies that come from outside.

`local` and `cascade` differ in the recognizer and the voice they put in here.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from itertools import count
from typing import Final, Protocol

from protocols.voice.wire import Voice
from voice_bridge.domain.endpointing import VadSettings
from voice_bridge.domain.sentences import SentenceSplitter, speakable
from voice_bridge.domain.speech import (
    AudioChunk,
    EngineEvent,
    EngineFailed,
    ReplyDone,
    ReplyText,
    SpeechStarted,
    SpeechStopped,
    TurnCommitted,
    UserTranscript,
)
from voice_bridge.engines.hearing import Heard, Hearing, TurnAudio, TurnBegan, TurnEnded
from voice_bridge.ports import EngineError, Surroundings

logger = logging.getLogger(__name__)

NOT_UNDERSTOOD: Final = "Sorry, I did not understand that. Could you say it again, please?"
_SENTENCES_AHEAD: Final = 8


class Utterance(Protocol):
    """One turn of the user on its way to text. `feed` and `end` are called in a thread."""

    def feed(self, pcm: bytes) -> None:
        """The next block, PCM16 at `HEARING_RATE`."""

    def is_complete(self) -> bool:
        """Whether nothing could follow what was said so far; asked in silence, in a thread."""

    def end(self) -> None:
        """Nothing follows."""

    async def text(self) -> str:
        """What was said, empty if it was not understood; called once, after `end`.

        Raises:
            EngineError: if the recognizer failed.
        """


class Recognizer(Protocol):
    """Turns one session's speech into text."""

    async def open(self) -> None:
        """Get ready.

        Raises:
            EngineError: if it cannot.
        """

    def begin(self) -> Utterance:
        """A new turn; called in a thread, after the one before was ended."""

    def close(self) -> None:
        """Release what `open` took."""


class Speech(Protocol):
    """Turns text into speech."""

    def speak(self, text: str, voice: Voice) -> AsyncIterator[bytes]:
        """The text as PCM16 at 24 kHz.

        Raises:
            EngineError: if the synthesis failed.
        """


class PipelineSession:
    """An `EngineSession` over a recognizer and a voice."""

    def __init__(
        self, surroundings: Surroundings, recognizer: Recognizer, speech: Speech, vad: VadSettings
    ) -> None:
        """Put the parts together."""
        self._reply = surroundings.reply
        self._voice = surroundings.voice
        self._recognizer = recognizer
        self._speech = speech
        self._vad = vad
        self._hearing: Hearing | None = None
        self._listening = asyncio.Lock()
        self._utterance: Utterance | None = None
        self._events: asyncio.Queue[EngineEvent | None] = asyncio.Queue()
        self._numbers = count(1)
        self._turn = ""
        self._unanswered = ""
        self._unasked: list[str] = []
        self._transcribing: set[asyncio.Task[None]] = set()
        self._replying: asyncio.Task[None] | None = None
        self._stopped: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """As `EngineSession.open`."""
        await self._recognizer.open()
        self._hearing = await asyncio.to_thread(Hearing, self._vad)

    async def push_audio(self, pcm: bytes) -> None:
        """As `EngineSession.push_audio`; the work is done in a thread."""
        hearing = self._open_hearing()
        async with self._listening:
            self._report(await asyncio.to_thread(self._recognize, hearing, hearing.feed(pcm)))

    @property
    def has_turn(self) -> bool:
        """As `EngineSession.has_turn`."""
        return self._open_hearing().in_turn

    async def commit(self) -> None:
        """As `EngineSession.commit`."""
        hearing = self._open_hearing()
        async with self._listening:
            self._report(await asyncio.to_thread(self._recognize, hearing, hearing.end_turn()))

    async def respond(self) -> None:
        """As `EngineSession.respond`."""
        if self._unanswered or (self._replying is not None and not self._replying.done()):
            return
        if self.has_turn:
            await self.commit()
        else:
            self._start_reply(None)

    async def interrupt(self, heard_ms: int, turn: str | None = None) -> None:
        """As `EngineSession.interrupt`; what the user said is still put into text."""
        if turn is None:
            self._stop()
        if self._stopped:
            await asyncio.wait(self._stopped)

    async def update(self, voice: Voice) -> None:
        """As `EngineSession.update`."""
        self._voice = voice

    async def close(self) -> None:
        """As `EngineSession.close`."""
        await self.interrupt(0)
        for task in self._transcribing:
            task.cancel()
        await asyncio.gather(*self._transcribing, return_exceptions=True)
        # Megabytes outside of Python's heap, which does not know when to look for garbage.
        self._hearing = self._utterance = None
        self._recognizer.close()
        self._events.put_nowait(None)

    async def events(self) -> AsyncIterator[EngineEvent]:
        """As `EngineSession.events`."""
        while (event := await self._events.get()) is not None:
            yield event

    def _stop(self) -> None:
        """Stop what is being answered, or about to be."""
        self._unanswered = ""
        task, self._replying = self._replying, None
        if task is not None:
            self._stopped.add(task)
            task.add_done_callback(self._stopped.discard)
            task.cancel()

    def _open_hearing(self) -> Hearing:
        if self._hearing is None:
            raise EngineError("the voice engine is not open")
        return self._hearing

    def _recognize(
        self, hearing: Hearing, heard: Iterator[Heard]
    ) -> list[tuple[TurnBegan | TurnEnded, Utterance]]:
        """Run in a thread: feed the recognizer and give back where turns began and ended."""
        edges: list[tuple[TurnBegan | TurnEnded, Utterance]] = []
        for event in heard:
            if isinstance(event, TurnBegan) or self._utterance is None:
                self._utterance = self._recognizer.begin()
            if isinstance(event, TurnAudio):
                self._utterance.feed(event.pcm)
                if hearing.is_settling and self._utterance.is_complete():
                    edges += self._recognize(hearing, hearing.end_turn())
                continue
            if isinstance(event, TurnEnded):
                self._utterance.end()
            edges.append((event, self._utterance))
        return edges

    def _report(self, edges: list[tuple[TurnBegan | TurnEnded, Utterance]]) -> None:
        for edge, utterance in edges:
            if isinstance(edge, TurnEnded):
                self._end_turn(utterance, edge.speech_ms)
                continue
            self._turn = f"item-{next(self._numbers)}"
            if self._vad.enabled:
                self._stop()
                self._events.put_nowait(SpeechStarted(self._turn))

    def _end_turn(self, utterance: Utterance, speech_ms: int) -> None:
        item = self._unanswered = self._turn
        if self._vad.enabled:
            self._events.put_nowait(SpeechStopped())
        self._events.put_nowait(TurnCommitted(item))
        task = asyncio.create_task(self._transcribe(item, utterance, speech_ms))
        self._transcribing.add(task)
        task.add_done_callback(self._transcribing.discard)

    async def _transcribe(self, item: str, utterance: Utterance, speech_ms: int) -> None:
        text = ""
        failure: EngineFailed | None = None
        try:
            text = await utterance.text()
        except EngineError as error:
            failure = EngineFailed(str(error))
        self._events.put_nowait(UserTranscript(item, text, speech_ms))
        if failure:
            self._events.put_nowait(failure)
        if self._unanswered != item:
            self._unasked += [text] if text else []
            return
        self._unanswered = ""
        if not failure:
            self._start_reply(text)

    def _start_reply(self, text: str | None) -> None:
        """Answer what was said, together with what was said before it and went unanswered."""
        reply = f"reply-{next(self._numbers)}"
        words = [*self._unasked, text] if text else self._unasked
        self._unasked = []
        if text == "" and not words:
            deltas = _one(NOT_UNDERSTOOD)
        else:
            deltas = self._reply(" ".join(words) or None, reply)
        self._replying = asyncio.create_task(self._say(reply, deltas))

    async def _say(self, reply: str, deltas: AsyncIterator[str]) -> None:
        """Speak a reply sentence by sentence while the rest of it is still being made."""
        sentences: asyncio.Queue[str | None] = asyncio.Queue(_SENTENCES_AHEAD)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_split(deltas, sentences))
                group.create_task(self._speak(reply, sentences))
        except* EngineError as errors:
            for error in errors.exceptions:
                logger.warning("reply %s failed: %s", reply, error)
                self._events.put_nowait(EngineFailed(str(error)))
        self._events.put_nowait(ReplyDone(reply))

    async def _speak(self, reply: str, sentences: asyncio.Queue[str | None]) -> None:
        segment = 0
        while (sentence := await sentences.get()) is not None:
            self._events.put_nowait(ReplyText(reply, segment, sentence))
            if text := speakable(sentence):
                async for pcm in self._speech.speak(text, self._voice):
                    self._events.put_nowait(AudioChunk(reply, segment, pcm))
            segment += 1


async def _one(text: str) -> AsyncIterator[str]:
    yield text


async def _split(deltas: AsyncIterator[str], sentences: asyncio.Queue[str | None]) -> None:
    splitter = SentenceSplitter()
    try:
        async for delta in deltas:
            for sentence in splitter.feed(delta):
                await sentences.put(sentence)
    finally:
        if isinstance(deltas, AsyncGenerator):
            await deltas.aclose()
    for sentence in splitter.finish():
        await sentences.put(sentence)
    await sentences.put(None)
