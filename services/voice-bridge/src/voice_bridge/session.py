"""One voice session: the client's frames, an engine, the talk between them, and the log behind it all."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from contracts.events import Event, ReplySpoken, UserSpoke, VoiceSessionEnded, VoiceSettingsChanged
from eventlog.link import Holding, Link
from eventlog.ports import LogError
from eventlog.turns.inbox import Missing
from protocols.voice.link import BEAT, LEFT, MOVED, left, pack, unpack_client
from protocols.voice.wire import (
    CLOSE_NO_SESSION,
    CLOSE_SERVER_ERROR,
    CLOSE_TAKEN,
    AppendAudio,
    AudioDelta,
    AudioDone,
    ClientFrame,
    CommitAudio,
    CreateResponse,
    Disconnect,
    Disconnected,
    Error,
    ReportPlayback,
    ServerFrame,
    SpeechStarted,
    SpeechStopped,
    TranscriptDone,
    UpdateSession,
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
from voice_bridge.domain.speech import duration_ms
from voice_bridge.domain.talk import Patience, Talk
from voice_bridge.graph import GraphReplies, unheard
from voice_bridge.keeping import Keeping
from voice_bridge.metrics import Metrics, TurnTimer
from voice_bridge.ports import EngineError, EngineSession
from voice_bridge.recorder import Recorder, Replaced

logger = logging.getLogger(__name__)

BEAT_SECONDS: Final = 0.5
CLIENT_GONE_SECONDS: Final = 5.0
"""An edge that has been silent for so long has died, and its client with it."""
WRITE_SECONDS: Final = 15.0
CLOSE_NORMAL: Final = 1000


class _Ended(Exception):
    """The session is over.

    Attributes:
        code: what the client's socket is closed with; None where there is no client any more.
    """

    def __init__(self, reason: str, code: int | None) -> None:
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


class Session:
    """One connection's share of a session."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._link = parts.link
        self._engine = parts.engine
        self._recorder = parts.recorder
        self._clock = parts.clock
        self._talk = Talk(parts.clock(), patience=parts.patience)
        self._timer = TurnTimer(parts.metrics)
        self._audible_until = 0.0
        self._applying = asyncio.Lock()
        self._changed = asyncio.Event()
        self._giving_up = asyncio.Event()

    async def run(self, *, resume: bool, was_cut_off: bool) -> None:
        """Until the client leaves, or another connection takes the session.

        Args:
            resume: begin with the reply that was under way when another replica died.
            was_cut_off: the user was speaking then, and what they said is lost.
        """
        ended = _Ended("server error", CLOSE_SERVER_ERROR)
        writer = asyncio.create_task(self._recorder.write())
        try:
            await self._hold(writer, resume=resume, was_cut_off=was_cut_off)
        except* _Ended as endings:
            ended = next(each for each in endings.exceptions if isinstance(each, _Ended))
        except* (EngineError, LogError) as errors:
            logger.warning("voice session %r: %s", self._parts.conversation, errors.exceptions[0])
        finally:
            await self._finish(ended, writer)
            writer.cancel()

    def give_up(self) -> None:
        """End soon, so that another replica takes the session on."""
        self._giving_up.set()

    async def _hold(self, writer: "asyncio.Task[None]", *, resume: bool, was_cut_off: bool) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen_to_engine())
            group.create_task(self._listen_to_client())
            group.create_task(self._keep_time())
            group.create_task(self._beat())
            group.create_task(self._give_way())
            group.create_task(self._move())
            group.create_task(self._watch(writer))
            if self._parts.replies:
                group.create_task(self._parts.replies.follow(self._parts.tail))
            if was_cut_off:
                await self._engine.prompt("say_again")
            elif resume:
                await self._engine.respond()

    async def _watch(self, writer: "asyncio.Task[None]") -> None:
        await asyncio.wait([writer])
        if isinstance(writer.exception(), Missing):
            raise _Ended("the conversation was deleted", CLOSE_NO_SESSION)
        if isinstance(writer.exception(), Replaced):
            raise _Ended("the session was opened elsewhere", CLOSE_TAKEN)
        raise _Ended(f"the log does not take what happens: {writer.exception()}", CLOSE_SERVER_ERROR)

    async def _move(self) -> None:
        await self._giving_up.wait()
        raise _Ended("the replica ends", MOVED)

    async def _finish(self, ended: _Ended, writer: "asyncio.Task[None]") -> None:
        await self._apply(self._talk.end(self._clock()))
        await self._engine.close()
        connected_ms = self._talk.total_ms(self._clock())
        self._recorder.note(VoiceSessionEnded(connected_ms=connected_ms, reason=str(ended)))
        written = asyncio.create_task(self._recorder.written())
        await asyncio.wait({written, writer}, timeout=WRITE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        written.cancel()
        if ended.code == CLOSE_NORMAL:
            report = self._recorder.session.report(self._parts.conversation)
            await self._send(Disconnected(report=report))
        elif ended.code == CLOSE_SERVER_ERROR:
            await self._send(Error(code="server_error", message=str(ended)))
        if ended.code is not None:
            await self._link.send(left(ended.code))

    async def _listen_to_engine(self) -> None:
        async for event in self._engine.events():
            self._parts.keeping.hear(event)
            self._timer.engine(event, self._clock())
            await self._apply(self._talk.on_engine(event, self._clock()))
        raise _Ended("the engine ended", CLOSE_SERVER_ERROR)

    async def _listen_to_client(self) -> None:
        while (messages := await self._link.receive(CLIENT_GONE_SECONDS)) is not None:
            for message in messages:
                if message == LEFT:
                    raise _Ended("the client left", None)
                if (frame := unpack_client(message)) is not None:
                    await self._take(frame)
        raise _Ended("the connection was lost", None)

    async def _take(self, frame: ClientFrame) -> None:
        match frame:
            case AppendAudio(audio=pcm):
                self._parts.keeping.push(pcm)
                await self._engine.push_audio(pcm)
            case CommitAudio():
                if self._parts.manual_turns and self._engine.has_turn:
                    await self._apply(self._talk.cut(self._clock()))
                await self._engine.commit()
            case CreateResponse():
                if self._talk.may_respond:
                    await self._engine.respond()
            case UpdateSession(config=config):
                if config.voice != self._recorder.session.voice:
                    self._recorder.note(VoiceSettingsChanged(voice=config.voice))
                await self._engine.update(config.voice)
            case ReportPlayback(audio_end_ms=position):
                await self._apply(self._talk.report_playback(round(position), self._clock()))
            case Disconnect():
                raise _Ended("the client ended the session", CLOSE_NORMAL)

    async def _keep_time(self) -> None:
        while True:
            due = self._talk.next_due(self._clock())
            try:
                async with asyncio.timeout(None if due is None else max(0.0, due - self._clock())):
                    await self._changed.wait()
            except TimeoutError:
                await self._apply(self._talk.tick(self._clock()))
            self._changed.clear()

    async def _beat(self) -> None:
        while True:
            await self._link.send(BEAT)
            await asyncio.sleep(BEAT_SECONDS)

    async def _give_way(self) -> None:
        await self._parts.holding.lost()
        raise _Ended("the session was opened elsewhere", CLOSE_TAKEN)

    async def _apply(self, effects: Sequence[Effect]) -> None:
        """Carry effects out in order, one batch after the other."""
        async with self._applying:
            for effect in effects:
                await self._carry_out(effect)
            if self._parts.replies and any(isinstance(effect, StopEngine) for effect in effects):
                for reply, run_id in self._parts.replies.runs.items():
                    self._recorder.note(unheard(reply, run_id))
                self._parts.replies.runs.clear()
        self._changed.set()

    async def _carry_out(self, effect: Effect) -> None:
        match effect:
            case PlayAudio(pcm):
                await self._play(pcm)
            case EndAudio():
                await self._send(AudioDone())
            case TellSpeech(started):
                await self._send(SpeechStarted() if started else SpeechStopped())
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
                    raise _Ended(message, CLOSE_SERVER_ERROR)
                await self._send(Error(code="server_error", message=message))
            case AskPresence() | HangUp() | FalseAlarm():
                await self._pass_time(effect)

    async def _pass_time(self, effect: AskPresence | HangUp | FalseAlarm) -> None:
        match effect:
            case AskPresence():
                await self._engine.prompt("presence")
            case HangUp():
                raise _Ended("nobody has spoken for long", CLOSE_NORMAL)
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
            await self._send(UserTranscript(transcript=said.transcript))

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
            await self._send(TranscriptDone(transcript=caption))

    async def _play(self, pcm: bytes) -> None:
        now = self._clock()
        self._audible_until = max(now, self._audible_until) + duration_ms(pcm) / 1000
        self._engine.played(pcm, self._audible_until)
        self._timer.plays(now)
        await self._send(AudioDelta.model_construct(delta=pcm))

    async def _note(self, fact: Event, audio: bytes | None) -> None:
        """Note a fact, its audio stored before where it is to be kept."""
        if audio:
            reference = await self._parts.keeping.store(audio)
            fact = fact.model_copy(update={"audio_reference": reference})
        self._recorder.note(fact)

    async def _send(self, frame: ServerFrame) -> None:
        await self._link.send(pack(frame))
