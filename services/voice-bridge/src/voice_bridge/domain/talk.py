"""Who speaks when: the state of one voice session, from engine events and the clock to effects.

Pure: every method takes the time in seconds on one monotonic clock and returns what is to be done.
"""

from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from voice_bridge.domain.effects import (
    Effect,
    EndAudio,
    FalseAlarm,
    PlayAudio,
    ReplySaid,
    StopEngine,
    TellError,
    TellSpeech,
    UserSaid,
)
from voice_bridge.domain.patience import Patience, Quiet
from voice_bridge.domain.playout import Playout
from voice_bridge.domain.speech import (
    AudioChunk,
    EngineEvent,
    EngineFailed,
    ReplyDone,
    ReplyText,
    ReplyWritten,
    SpeechConfirmed,
    SpeechStarted,
    SpeechStopped,
    TokensUsed,
    TurnCommitted,
    TurnDropped,
    UserTranscript,
)

TRANSCRIPT_WAIT: Final = 5.0
"""Seconds for which what follows a user's turn waits for that turn's transcript."""


class Phase(StrEnum):
    """Whose turn it is."""

    LISTENING = "listening"
    USER_SPEAKING = "user_speaking"
    THINKING = "thinking"
    SPEAKING = "speaking"
    INTERRUPTED = "interrupted"
    """The user speaks and cut the AI off by it."""


@dataclass(slots=True)
class _Entry:
    """One line of the record; it waits until those before it are complete."""

    item: str
    effect: UserSaid | ReplySaid | None
    deadline: float


class Talk:
    """The state machine of one session.

    Attributes:
        phase: whose turn it is.
        user_speech_ms: how long the user has spoken in all.
    """

    def __init__(
        self, started_at: float, *, user_speech_ms: int = 0, patience: Patience | None = None
    ) -> None:
        """Begin listening; `user_speech_ms` carries on the count of an earlier connection."""
        self.phase = Phase.LISTENING
        self.user_speech_ms = user_speech_ms
        self._started_at = started_at
        self._replies: deque[Playout] = deque()
        self._cut_replies: deque[str] = deque(maxlen=8)
        self._record: deque[_Entry] = deque()
        self._quiet = Quiet(patience or Patience(), started_at)
        self._doubted = ""

    def on_engine(self, event: EngineEvent, now: float) -> list[Effect]:
        """What follows from an engine's event."""
        match event:
            case SpeechStarted(turn, is_certain):
                return self._user_starts(turn, now, is_certain=is_certain)
            case SpeechConfirmed(turn):
                return self._user_starts(turn, now, is_certain=True) if self._doubted == turn else []
            case TurnDropped(turn):
                return self._dropped(turn, now)
            case SpeechStopped():
                if self.phase not in (Phase.USER_SPEAKING, Phase.INTERRUPTED):
                    return []
                self.phase = Phase.LISTENING
                self._quiet.hear_user(now)
                return [TellSpeech(started=False)]
            case TurnCommitted(item):
                self._quiet.hear_user(now)
                effects = self._cut(now, item)
                self.phase = Phase.THINKING
                self._record.append(_Entry(item, None, now + TRANSCRIPT_WAIT))
                return effects
            case UserTranscript():
                return self._transcribed(event, now)
            case ReplyText() | ReplyWritten() | AudioChunk() | ReplyDone():
                return self._on_reply(event, now)
            case EngineFailed(message, fatal):
                return self._fail(message, fatal, now)
            case TokensUsed():
                return []

    def report_playback(self, position_ms: int, now: float) -> list[Effect]:
        """What follows from the client's report of its position in the current reply."""
        if self._replies:
            self._replies[0].report(position_ms, now)
        return self.tick(now)

    @property
    def may_respond(self) -> bool:
        """Whether a request for a reply makes sense; not while one is thought of or spoken."""
        return self.phase not in (Phase.THINKING, Phase.SPEAKING)

    def tick(self, now: float) -> list[Effect]:
        """What has become due."""
        effects: list[Effect] = []
        while self._replies:
            playout = self._replies[0]
            was_released = playout.is_released
            frames = playout.release(now)
            effects += map(PlayAudio, frames)
            if frames and playout.is_released and not was_released:
                effects.append(EndAudio())
            if not playout.is_played(now):
                break
            self._close(self._replies.popleft(), now)
            self._quiet.begin(now)
            if not self._replies and self.phase in (Phase.SPEAKING, Phase.THINKING):
                self.phase = Phase.LISTENING
        effects += self._write_record(now)
        return effects + self._quiet.lose_patience(now) if self._is_quiet else effects

    def cut(self, now: float) -> list[Effect]:
        """The user takes the turn by hand: what the AI thinks or says ends."""
        effects = self._cut(now)
        self.phase = Phase.LISTENING
        return effects

    def next_due(self, now: float) -> float | None:
        """When `tick` must be called at the latest; None while nothing is waited for."""
        moments = [self._record[0].deadline] if self._record else []
        if self._replies and (due := self._replies[0].next_due(now)) is not None:
            moments.append(due)
        if self._is_quiet:
            moments += self._quiet.limits()
        return min(moments, default=None)

    def end(self, now: float) -> list[Effect]:
        """The session ends: what was being said is cut, what was waited for is given up."""
        effects = self._cut(now)
        for entry in self._record:
            entry.deadline = now
        return effects + self._write_record(now)

    def total_ms(self, now: float) -> int:
        """How long the session has lasted."""
        return round((now - self._started_at) * 1000)

    @property
    def _is_quiet(self) -> bool:
        return self.phase is Phase.LISTENING and not self._replies

    def _dropped(self, turn: str, now: float) -> list[Effect]:
        if self._doubted != turn:
            if self.phase is not Phase.USER_SPEAKING:
                return []
            self.phase = Phase.LISTENING
            self._quiet.begin(now)
            return [TellSpeech(started=False)]
        self._doubted = ""
        for playout in self._replies:
            playout.go_on(now)
        return [FalseAlarm(), *self.tick(now)]

    def _user_starts(self, turn: str, now: float, *, is_certain: bool) -> list[Effect]:
        interrupts = bool(self._replies) or self.phase is Phase.THINKING
        if interrupts and not is_certain:
            self._doubted = turn
            for playout in self._replies:
                playout.pause(now)
            return []
        self._doubted = ""
        effects: list[Effect] = [TellSpeech(started=True), *self._cut(now, turn)]
        self.phase = Phase.INTERRUPTED if interrupts else Phase.USER_SPEAKING
        return effects

    def _on_reply(self, event: ReplyText | ReplyWritten | AudioChunk | ReplyDone, now: float) -> list[Effect]:
        is_late = self.phase in (Phase.USER_SPEAKING, Phase.INTERRUPTED)
        if is_late or event.reply in self._cut_replies:
            return []
        playout = next((playout for playout in self._replies if playout.reply == event.reply), None)
        if playout is None:
            playout = Playout(event.reply)
            self._replies.append(playout)
            if self._doubted:
                playout.pause(now)
        match event:
            case ReplyText(_, segment, text):
                playout.add_text(segment, text)
            case ReplyWritten(_, text):
                playout.write(text)
            case AudioChunk(_, segment, pcm):
                playout.add_audio(segment, pcm)
                self.phase = Phase.SPEAKING
            case ReplyDone():
                playout.complete()
        return self.tick(now)

    def _cut(self, now: float, turn: str | None = None) -> list[Effect]:
        """Stop the AI at once, whether it thinks or speaks."""
        self._doubted = ""
        if not self._replies:
            return [StopEngine(0, turn)] if self.phase is Phase.THINKING else []
        current = self._replies[0]
        effects: list[Effect] = [EndAudio()] if current.audio_ms and not current.is_released else []
        effects.append(StopEngine(current.heard(now)[1], turn))
        while self._replies:
            playout = self._replies.popleft()
            self._cut_replies.append(playout.reply)
            self._close(playout, now)
        return effects + self._write_record(now)

    def _close(self, playout: Playout, now: float) -> None:
        if not playout.text:
            return
        heard, heard_ms = playout.heard(now)
        said = ReplySaid(
            reply=playout.reply,
            generated=playout.text,
            written=playout.written,
            heard=heard,
            cut=not playout.is_played(now),
            audio_ms=round(playout.audio_ms),
            heard_ms=heard_ms,
        )
        self._record.append(_Entry(playout.reply, said, now))

    def _transcribed(self, event: UserTranscript, now: float) -> list[Effect]:
        self.user_speech_ms += event.speech_ms
        said = UserSaid(event.item, event.text, event.speech_ms, event.asks_agent)
        for entry in self._record:
            if entry.item == event.item:
                entry.effect = said
                break
        else:
            self._record.append(_Entry(event.item, said, now))
        return self._write_record(now)

    def _write_record(self, now: float) -> list[Effect]:
        effects: list[Effect] = []
        while self._record and (self._record[0].effect or self._record[0].deadline <= now):
            if effect := self._record.popleft().effect:
                effects.append(effect)
        return effects

    def _fail(self, message: str, fatal: bool, now: float) -> list[Effect]:
        if fatal:
            for playout in self._replies:
                playout.complete()
        if not self._replies and self.phase is Phase.THINKING:
            self.phase = Phase.LISTENING
        return [TellError(message, fatal), *self.tick(now)]
