"""What follows from a talk is carried out: towards the client, the engine and the log."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from contracts.events import Event, ReplySpoken, UserSpoke
from eventlog.link import Holding, Link
from protocols.voice.link import pack
from protocols.voice.wire import (
    CLOSE_SERVER_ERROR,
    AudioDelta,
    AudioDone,
    Error,
    ServerFrame,
    SpeechStarted,
    SpeechStopped,
    TranscriptDone,
    UserTranscript,
)
from voice_bridge.domain.effects import (
    AskPresence,
    Effect,
    EndAudio,
    FalseAlarm,
    HangUp,
    PlayAudio,
    ReplySaid,
    StopEngine,
    TellError,
    TellSpeech,
    UserSaid,
)
from voice_bridge.domain.patience import Patience
from voice_bridge.domain.speech import duration_ms
from voice_bridge.graph import GraphReplies, unheard
from voice_bridge.keeping import Keeping
from voice_bridge.metrics import Metrics, TurnTimer
from voice_bridge.ports import EngineSession
from voice_bridge.recorder import Recorder

CLOSE_NORMAL: Final = 1000


class Ended(Exception):
    """The session is over.

    Attributes:
        code: what the client's socket is closed with; None where there is no client any more.
    """

    def __init__(self, reason: str, code: int | None) -> None:
        """It is over for a reason, which the log keeps."""
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True, slots=True)
class Parts:
    """What a session is made of.

    Attributes:
        replies: None for an engine that has a model of its own.
        tail: the conversation's last sequence.
        clock: monotonic seconds.
    """

    conversation: str
    link: Link
    holding: Holding
    engine: EngineSession
    replies: GraphReplies | None
    recorder: Recorder
    keeping: Keeping
    tail: int
    clock: Callable[[], float]
    manual_turns: bool
    patience: Patience
    metrics: Metrics


class Stage:
    """Where one session's effects are carried out."""

    def __init__(self, parts: Parts, timer: TurnTimer) -> None:
        """For a session of these parts."""
        self._parts = parts
        self._timer = timer
        self._engine = parts.engine
        self._recorder = parts.recorder
        self._clock = parts.clock
        self._audible_until = 0.0
        self._applying = asyncio.Lock()

    async def apply(self, effects: Sequence[Effect]) -> None:
        """Carry effects out in order, one batch after the other.

        Raises:
            Ended: if that is what follows.
        """
        async with self._applying:
            for effect in effects:
                await self._carry_out(effect)
            if self._parts.replies and any(isinstance(effect, StopEngine) for effect in effects):
                for reply, run_id in self._parts.replies.runs.items():
                    self._recorder.note(unheard(reply, run_id))
                self._parts.replies.runs.clear()

    async def _carry_out(self, effect: Effect) -> None:
        match effect:
            case PlayAudio(pcm):
                await self._play(pcm)
            case EndAudio():
                await self.send(AudioDone())
            case TellSpeech(started):
                await self.send(SpeechStarted() if started else SpeechStopped())
            case StopEngine(heard_ms, turn):
                self._audible_until = 0.0
                if heard_ms and turn:
                    self._parts.metrics.interruptions.inc()
                await self._engine.interrupt(heard_ms, turn)
            case UserSaid():
                await self._record_user(effect)
            case ReplySaid():
                await self._record_reply(effect)
            case TellError(message, fatal):
                if fatal:
                    raise Ended(message, CLOSE_SERVER_ERROR)
                await self.send(Error(code="server_error", message=message))
            case AskPresence() | HangUp() | FalseAlarm():
                await self._pass_time(effect)

    async def _pass_time(self, effect: AskPresence | HangUp | FalseAlarm) -> None:
        match effect:
            case AskPresence():
                await self._engine.prompt("presence")
            case HangUp():
                raise Ended("nobody has spoken for long", CLOSE_NORMAL)
            case FalseAlarm():
                self._parts.metrics.false_alarms.inc()

    async def _record_user(self, said: UserSaid) -> None:
        self._parts.metrics.heard_seconds.inc(said.speech_ms / 1000)
        spoke = UserSpoke(
            item_id=said.item,
            transcript=said.transcript,
            speech_ms=said.speech_ms,
            answered_by="graph" if self._parts.replies and said.asks_agent else "engine",
        )
        await self._note(spoke, self._parts.keeping.turn(said.item))
        if self._recorder.session.show_text and said.transcript:
            await self.send(UserTranscript(transcript=said.transcript))

    async def _record_reply(self, said: ReplySaid) -> None:
        runs = self._parts.replies.runs if self._parts.replies else {}
        spoken = ReplySpoken(
            reply_id=said.reply,
            run_id=runs.pop(said.reply, None),
            generated=said.generated,
            written=said.written if said.written != said.generated else "",
            heard=said.heard,
            cut=said.cut,
            audio_ms=said.audio_ms,
            heard_ms=said.heard_ms,
        )
        await self._note(spoken, self._parts.keeping.reply(said.reply))
        self._parts.metrics.spoken_seconds.inc(said.heard_ms / 1000)
        caption = said.heard if said.cut else said.written
        if self._recorder.session.show_text and caption:
            await self.send(TranscriptDone(transcript=caption))

    async def _play(self, pcm: bytes) -> None:
        now = self._clock()
        self._audible_until = max(now, self._audible_until) + duration_ms(pcm) / 1000
        self._engine.played(pcm, self._audible_until)
        self._timer.plays(now)
        await self.send(AudioDelta.model_construct(delta=pcm))

    async def _note(self, fact: Event, audio: bytes | None) -> None:
        """Note a fact, its audio stored before where it is to be kept."""
        if audio:
            reference = await self._parts.keeping.store(audio)
            fact = fact.model_copy(update={"audio_reference": reference})
        self._recorder.note(fact)

    async def send(self, frame: ServerFrame) -> None:
        """Send the client a frame."""
        await self._parts.link.send(pack(frame))
