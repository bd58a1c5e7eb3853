"""An engine session made of ears, a recognizer, a voice, and replies that come from outside.

`local` and `cascade` differ in the recognizer and the voice they put in here. Read `domain.dialogue` for what
is answered here and what the agent answers, and `speaking` for how.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import count
from typing import Final

from protocols.voice.wire import Voice
from voice_bridge.domain.answer import Page
from voice_bridge.domain.dialogue import Ask, Dialogue, Silence
from voice_bridge.domain.endpointing import VadSettings
from voice_bridge.domain.hearsay import is_echo_of
from voice_bridge.domain.language import composed
from voice_bridge.domain.phrases import phrase
from voice_bridge.domain.remarks import is_backchannel
from voice_bridge.domain.speech import (
    EngineEvent,
    EngineFailed,
    ReplyDone,
    SpeechConfirmed,
    SpeechStarted,
    SpeechStopped,
    TurnCommitted,
    TurnDropped,
    UserTranscript,
    duration_ms,
)
from voice_bridge.engines.echo import EchoGuard
from voice_bridge.engines.hearing import TurnBegan, TurnEnded
from voice_bridge.engines.listening import Certain, Edges, Listener, Recognizer, Utterance
from voice_bridge.engines.speaking import Speaker, Speech
from voice_bridge.ports import EngineError, Surroundings

logger = logging.getLogger(__name__)

_QUESTION_MS: Final = 1500
"""How early before its end a question is answered."""


@dataclass(slots=True)
class _Turn:
    """One turn of the user.

    Attributes:
        over: it began while the voice was to be heard, or about to be.
        is_certain: it has interrupted whatever there was.
    """

    item: str
    over: bool
    is_certain: bool


class PipelineSession:
    """An `EngineSession` over a recognizer and a voice."""

    def __init__(
        self, surroundings: Surroundings, recognizer: Recognizer, speech: Speech, vad: VadSettings
    ) -> None:
        """Put the parts together."""
        self._reply = surroundings.reply
        self._vad = vad
        self._dialogue = Dialogue(surroundings.language)
        self._events: asyncio.Queue[EngineEvent | None] = asyncio.Queue()
        self._speaker = Speaker(speech, self._dialogue, surroundings.voice, self._events.put_nowait)
        self._echo = EchoGuard()
        self._audible_until = 0.0
        self._played_ms = 0.0
        self._listener = Listener(
            recognizer, vad, self._echo, self._report, self._is_talking_over, self._may_choose
        )
        self._numbers = count(1)
        self._turn = _Turn("", over=False, is_certain=True)
        self._unanswered = ""
        self._unasked: list[str] = []
        self._transcribing: set[asyncio.Task[None]] = set()
        self._replying: asyncio.Task[None] | None = None
        self._stopped: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """As `EngineSession.open`."""
        await self._listener.open()

    async def push_audio(self, pcm: bytes) -> None:
        """As `EngineSession.push_audio`; the work is done in a thread."""
        await self._listener.push(pcm)

    @property
    def has_turn(self) -> bool:
        """As `EngineSession.has_turn`."""
        return self._listener.in_turn

    async def commit(self) -> None:
        """As `EngineSession.commit`."""
        await self._listener.end_turn()

    async def respond(self) -> None:
        """As `EngineSession.respond`."""
        if self._is_answering:
            return
        if self.has_turn:
            await self.commit()
        else:
            self._ask(None)

    async def prompt(self, name: str) -> None:
        """As `EngineSession.prompt`."""
        if not self._is_answering and not self.has_turn:
            language = self._dialogue.spoken_language
            self._tell(Page((phrase(name, language),), language))

    def played(self, pcm: bytes, until: float) -> None:
        """As `EngineSession.played`."""
        self._audible_until = until
        self._played_ms += duration_ms(pcm)
        self._echo.played(pcm, until)

    async def interrupt(self, heard_ms: int, turn: str | None = None) -> None:
        """As `EngineSession.interrupt`; what the user said is still put into text."""
        if turn is None:
            self._stop()
        if said := self._speaker.said:
            self._speaker.said = None
            self._dialogue.left(said.unheard(heard_ms), said.language)
        self._audible_until = 0.0
        if self._stopped:
            await asyncio.wait(self._stopped)

    async def update(self, voice: Voice) -> None:
        """As `EngineSession.update`."""
        self._speaker.voice = voice

    async def close(self) -> None:
        """As `EngineSession.close`."""
        await self.interrupt(0)
        for task in self._transcribing:
            task.cancel()
        await asyncio.gather(*self._transcribing, return_exceptions=True)
        self._listener.close()
        self._events.put_nowait(None)

    async def events(self) -> AsyncIterator[EngineEvent]:
        """As `EngineSession.events`."""
        while (event := await self._events.get()) is not None:
            yield event

    @property
    def _is_answering(self) -> bool:
        return bool(self._unanswered) or (self._replying is not None and not self._replying.done())

    def _stop(self) -> None:
        """Stop what is being answered, or about to be."""
        self._unanswered = ""
        task, self._replying = self._replying, None
        if task is not None:
            self._stopped.add(task)
            task.add_done_callback(self._stopped.discard)
            task.cancel()

    def _may_choose(self) -> bool:
        return self._dialogue.may_choose

    def _is_talking_over(self) -> bool:
        """Whether what begins now is said over a reply; an answer to the question at its end is not."""
        if self._is_answering:
            return True
        said = self._speaker.said
        left_ms = max(0.0, self._audible_until - time.monotonic()) * 1000
        if said is not None:
            left_ms += sum(said.durations) - self._played_ms
        is_asked = self._dialogue.offered or self._dialogue.asked
        return left_ms > (_QUESTION_MS if is_asked else 0.0)

    def _report(self, edges: Edges) -> None:
        for edge, utterance in edges:
            match edge:
                case TurnBegan():
                    item = f"item-{next(self._numbers)}"
                    self._turn = _Turn(item, self._listener.is_over, is_certain=not self._vad.enabled)
                    if self._vad.enabled:
                        self._events.put_nowait(SpeechStarted(item, is_certain=False))
                case TurnEnded():
                    self._end_turn(utterance, edge)
                case Certain():
                    self._take_floor(self._turn)

    def _take_floor(self, turn: _Turn) -> None:
        turn.is_certain = True
        self._stop()
        self._events.put_nowait(SpeechConfirmed(turn.item))

    def _end_turn(self, utterance: Utterance, ended: TurnEnded) -> None:
        turn = self._turn
        if turn.is_certain:
            self._commit(turn, ended)
        elif not turn.over:
            self._events.put_nowait(SpeechStopped())
        task = asyncio.create_task(self._transcribe(turn, utterance, ended))
        self._transcribing.add(task)
        task.add_done_callback(self._transcribing.discard)

    def _commit(self, turn: _Turn, ended: TurnEnded) -> None:
        self._unanswered = turn.item
        if self._vad.enabled:
            self._events.put_nowait(SpeechStopped())
        self._events.put_nowait(TurnCommitted(turn.item, ended.silence_ms))

    async def _transcribe(self, turn: _Turn, utterance: Utterance, ended: TurnEnded) -> None:
        text = ""
        failure: EngineFailed | None = None
        try:
            text = composed(await utterance.text()).strip()
        except EngineError as error:
            failure = EngineFailed(str(error))
        except Exception:
            logger.exception("turn %s failed", turn.item)
            failure = EngineFailed("what was said could not be understood")
        if not failure and turn.over and (is_backchannel(text) or self._is_own_echo(text)):
            self._heed_nothing(turn, text, ended)
            return
        if not turn.is_certain:
            if not text and not failure:
                self._events.put_nowait(TurnDropped(turn.item))
                return
            self._take_floor(turn)
            self._commit(turn, ended)
        self._answer(turn, text, ended, failure)

    def _is_own_echo(self, text: str) -> bool:
        said = self._speaker.said
        return said is not None and is_echo_of(text, " ".join(said.sentences))

    def _heed_nothing(self, turn: _Turn, text: str, ended: TurnEnded) -> None:
        """It was no interruption: what was being said goes on, from where it was cut if it was."""
        if not turn.is_certain:
            self._events.put_nowait(TurnDropped(turn.item))
            return
        self._events.put_nowait(UserTranscript(turn.item, text, ended.speech_ms, asks_agent=False))
        if self._unanswered == turn.item:
            self._unanswered = ""
            page = self._dialogue.resumed()
            if page is None:
                self._events.put_nowait(ReplyDone(self._next_reply()))
            else:
                self._tell(page)

    def _answer(self, turn: _Turn, text: str, ended: TurnEnded, failure: EngineFailed | None) -> None:
        if self._unanswered != turn.item:
            self._unasked += [text] if text else []
            self._events.put_nowait(UserTranscript(turn.item, text, ended.speech_ms))
            self._events.put_nowait(failure) if failure else None
            return
        self._unanswered = ""
        if failure:
            self._events.put_nowait(UserTranscript(turn.item, "", ended.speech_ms, asks_agent=False))
            self._events.put_nowait(failure)
            language = self._dialogue.spoken_language
            self._tell(Page((phrase("failed", language),), language))
            return
        reaction = Ask(" ".join(self._unasked)) if not text and self._unasked else self._dialogue.take(text)
        asks = isinstance(reaction, Ask)
        self._events.put_nowait(UserTranscript(turn.item, text, ended.speech_ms, asks_agent=asks))
        if isinstance(reaction, Ask):
            self._ask(text)
            return
        self._unasked = []
        if isinstance(reaction, Silence):
            self._events.put_nowait(ReplyDone(self._next_reply()))
        else:
            self._tell(reaction.page)

    def _next_reply(self) -> str:
        self._played_ms = 0.0
        return f"reply-{next(self._numbers)}"

    def _ask(self, text: str | None) -> None:
        """Have the agent answer what was said, together with what was said before it and went unanswered."""
        words = [*self._unasked, text] if text else self._unasked
        self._unasked = []
        reply = self._next_reply()
        source = self._reply(" ".join(words) or None, reply, self._dialogue.spoken_language)
        self._replying = asyncio.create_task(self._speaker.answer(reply, source))

    def _tell(self, page: Page) -> None:
        self._replying = asyncio.create_task(self._speaker.tell(self._next_reply(), page))
