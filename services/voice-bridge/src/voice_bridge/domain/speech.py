"""What an engine tells a talk: facts about the user's speech and about the AI's reply.

Audio is PCM16 little-endian, mono, 24 kHz everywhere outside an engine.
"""

from dataclasses import dataclass
from typing import Final, TypeAlias

SAMPLE_RATE: Final = 24_000
BYTES_PER_MS: Final = SAMPLE_RATE * 2 // 1000


def duration_ms(pcm: bytes) -> float:
    """How long a piece of audio plays, in milliseconds."""
    return len(pcm) / BYTES_PER_MS


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """The user began to speak; `turn` is the `item` by which the turn is committed later.

    Attributes:
        is_certain: it is no cough and no echo. Else `SpeechConfirmed` or `TurnDropped` follows, and over a
            reply nothing ends before.
    """

    turn: str
    is_certain: bool = True


@dataclass(frozen=True, slots=True)
class SpeechConfirmed:
    """What began as `turn` is the user who takes the floor."""

    turn: str


@dataclass(frozen=True, slots=True)
class TurnDropped:
    """What began as `turn` was none: a sound, an echo, or a word that only says that one listens."""

    turn: str


@dataclass(frozen=True, slots=True)
class SpeechStopped:
    """The user fell silent."""


@dataclass(frozen=True, slots=True)
class TurnCommitted:
    """The user's turn ended and a reply is on its way; the transcript of `item` may come late.

    Attributes:
        silence_ms: for how long the user had been silent by then.
    """

    item: str
    silence_ms: int = 0


@dataclass(frozen=True, slots=True)
class UserTranscript:
    """What the user said in a turn.

    Attributes:
        text: empty where nothing was understood.
        speech_ms: how long the user spoke, silence at both ends left out.
        asks_agent: whether the agent is to answer it; else it was answered, or heeded, here.
    """

    item: str
    text: str
    speech_ms: int
    asks_agent: bool = True


@dataclass(frozen=True, slots=True)
class ReplyText:
    """A piece of the text of a reply; the audio of the same `segment` speaks it."""

    reply: str
    segment: int
    text: str


@dataclass(frozen=True, slots=True)
class ReplyWritten:
    """The whole of a reply as it is shown, where less or something else of it is spoken."""

    reply: str
    text: str


@dataclass(frozen=True, slots=True)
class AudioChunk:
    """A piece of the speech of a reply, of any length."""

    reply: str
    segment: int
    pcm: bytes


@dataclass(frozen=True, slots=True)
class ReplyDone:
    """All text and audio of a reply was given."""

    reply: str


@dataclass(frozen=True, slots=True)
class TokensUsed:
    """What a speech service counted for one reply."""

    given: int
    made: int


@dataclass(frozen=True, slots=True)
class EngineFailed:
    """Something went wrong.

    Attributes:
        fatal: the engine gives no more events.
    """

    message: str
    fatal: bool = False


EngineEvent: TypeAlias = (
    SpeechStarted
    | SpeechConfirmed
    | TurnDropped
    | SpeechStopped
    | TurnCommitted
    | UserTranscript
    | ReplyText
    | ReplyWritten
    | AudioChunk
    | ReplyDone
    | TokensUsed
    | EngineFailed
)
