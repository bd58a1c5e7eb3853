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
    """The user began to speak; `turn` is the `item` by which the turn is committed later."""

    turn: str


@dataclass(frozen=True, slots=True)
class SpeechStopped:
    """The user fell silent."""


@dataclass(frozen=True, slots=True)
class TurnCommitted:
    """The user's turn ended and a reply is on its way; the transcript of `item` may come late."""

    item: str


@dataclass(frozen=True, slots=True)
class UserTranscript:
    """What the user said in a turn.

    Attributes:
        text: empty where nothing was understood.
        speech_ms: how long the user spoke, silence at both ends left out.
    """

    item: str
    text: str
    speech_ms: int


@dataclass(frozen=True, slots=True)
class ReplyText:
    """A piece of the text of a reply; the audio of the same `segment` speaks it."""

    reply: str
    segment: int
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
class EngineFailed:
    """Something went wrong.

    Attributes:
        fatal: the engine gives no more events.
    """

    message: str
    fatal: bool = False


EngineEvent: TypeAlias = (
    SpeechStarted
    | SpeechStopped
    | TurnCommitted
    | UserTranscript
    | ReplyText
    | AudioChunk
    | ReplyDone
    | EngineFailed
)
