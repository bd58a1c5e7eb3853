"""What is to be done as a talk goes on; see `talk`. Pure."""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class PlayAudio:
    """Send one frame of the AI's speech."""

    pcm: bytes


@dataclass(frozen=True, slots=True)
class EndAudio:
    """Tell the client that no more audio of this reply follows."""


@dataclass(frozen=True, slots=True)
class TellSpeech:
    """Tell the client that the user started or stopped speaking."""

    started: bool


@dataclass(frozen=True, slots=True)
class StopEngine:
    """Interrupt the engine's reply, of which the user heard so much; 0 for nothing.

    Attributes:
        turn: the user's turn that began over the reply; None if it is stopped by hand.
    """

    heard_ms: int
    turn: str | None = None


@dataclass(frozen=True, slots=True)
class UserSaid:
    """Record and caption the user's turn."""

    item: str
    transcript: str
    speech_ms: int
    asks_agent: bool = True


@dataclass(frozen=True, slots=True)
class ReplySaid:
    """Record and caption a reply; `heard` is all of `generated` unless it was cut.

    Attributes:
        written: the whole of it as it is shown.
    """

    reply: str
    generated: str
    written: str
    heard: str
    cut: bool
    audio_ms: int
    heard_ms: int


@dataclass(frozen=True, slots=True)
class TellError:
    """Tell the client that something went wrong; after a fatal error the engine must be replaced."""

    message: str
    fatal: bool


@dataclass(frozen=True, slots=True)
class AskPresence:
    """Nobody has spoken for long: ask whether the user is there."""


@dataclass(frozen=True, slots=True)
class HangUp:
    """Nobody has spoken for so long that the session ends."""


@dataclass(frozen=True, slots=True)
class FalseAlarm:
    """A reply that was paused goes on: it was not the user who wanted to speak."""


Effect: TypeAlias = (
    PlayAudio
    | EndAudio
    | TellSpeech
    | StopEngine
    | UserSaid
    | ReplySaid
    | TellError
    | AskPresence
    | HangUp
    | FalseAlarm
)
