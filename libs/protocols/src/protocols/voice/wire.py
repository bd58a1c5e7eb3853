"""The voice protocol: frames of the realtime voice WebSocket and bodies of its session calls.

Audio is PCM16 little-endian, mono, 24 kHz, in base64. Read `decode`, then the server frames.
"""

import binascii
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Annotated, Final, Literal, TypeAlias, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    TypeAdapter,
    ValidationError,
)

SAMPLE_RATE: Final = 24_000
SAMPLE_BYTES: Final = 2
MAX_AUDIO_BYTES: Final = 256 * 1024
"""The most audio one frame may carry, after base64."""
MAX_FRAME_CHARS: Final = MAX_AUDIO_BYTES * 4 // 3 + 1024

MEMBER_PATH: Final = "/api/v1/chat/ws/chat/{session_id}"
GUEST_PATH: Final = "/api/v1/chat/ws/guest-chat/{session_id}"

CLOSE_TOKEN_REFUSED: Final = 1008
CLOSE_FLOOD: Final = 1008
CLOSE_OTHER_OWNER: Final = 4003
CLOSE_NO_SESSION: Final = 4004
CLOSE_SERVER_ERROR: Final = 1011
CLOSE_TAKEN: Final = 1000
"""The same session was opened by another connection."""

Voice: TypeAlias = Literal["alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse"]
VOICES: Final[tuple[Voice, ...]] = get_args(Voice)
DEFAULT_VOICE: Final[Voice] = "alloy"


Language: TypeAlias = Literal["ko", "en"]
"""What a talk is held in; where nobody chooses, the first utterance does."""


def voice_or_default(name: str) -> Voice:
    """The voice of this name; the default for one that a later release no longer has."""
    return next((voice for voice in VOICES if voice == name), DEFAULT_VOICE)


ErrorCode: TypeAlias = Literal["invalid_voice", "invalid_message", "invalid_audio", "server_error"]


class FrameError(ValueError):
    """A frame or query that is not understood; the connection goes on.

    Attributes:
        code: ``invalid_voice``, ``invalid_audio`` or ``invalid_message``.
    """

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code


_LINE_BREAKS: Final = {ord(character): None for character in "\r\n"}


def _read_pcm(value: object) -> bytes:
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        raise ValueError("must be a base64 string")  # noqa: TRY004 - pydantic collects ValueErrors
    if len(value) > MAX_FRAME_CHARS:
        raise ValueError(f"must hold at most {MAX_AUDIO_BYTES} bytes")
    try:
        # Android's encoder, like MIME, breaks its lines.
        pcm = b64decode(value.translate(_LINE_BREAKS), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("is not valid base64") from None
    if not pcm:
        raise ValueError("must not be empty")
    if len(pcm) % SAMPLE_BYTES:
        raise ValueError(f"must hold whole 16-bit samples, has {len(pcm)} bytes")
    if len(pcm) > MAX_AUDIO_BYTES:
        raise ValueError(f"must hold at most {MAX_AUDIO_BYTES} bytes, has {len(pcm)}")
    return pcm


def _write_pcm(pcm: bytes) -> str:
    return b64encode(pcm).decode("ascii")


Pcm: TypeAlias = Annotated[bytes, BeforeValidator(_read_pcm), PlainSerializer(_write_pcm, return_type=str)]
"""Audio as bytes in Python and as base64 on the wire."""


class Frozen(BaseModel):
    """A model of the protocol; fields that it does not know are left out."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class AppendAudio(Frozen):
    """Speech of the user."""

    type: Literal["input_audio_buffer.append"] = "input_audio_buffer.append"
    audio: Pcm


class CommitAudio(Frozen):
    """The user ended the speech by hand; where there is none since the last turn, nothing happens."""

    type: Literal["input_audio_buffer.commit"] = "input_audio_buffer.commit"


class CreateResponse(Frozen):
    """The AI is to answer now, and speech that is not committed is committed; ignored while it answers."""

    type: Literal["response.create"] = "response.create"


class SessionConfig(Frozen):
    """What a client may change about a running session."""

    voice: Voice


class UpdateSession(Frozen):
    """The user changed a setting."""

    type: Literal["session.update"] = "session.update"
    config: SessionConfig


class ReportPlayback(Frozen):
    """How far the client has played the current reply, in milliseconds from its first sample."""

    type: Literal["playback"] = "playback"
    audio_end_ms: float = Field(ge=0, allow_inf_nan=False)


class Disconnect(Frozen):
    """The user ends the talk and wants its report."""

    type: Literal["disconnect"] = "disconnect"


ClientFrame: TypeAlias = (
    AppendAudio | CommitAudio | CreateResponse | UpdateSession | ReportPlayback | Disconnect
)
_CLIENT: Final[TypeAdapter[ClientFrame]] = TypeAdapter(Annotated[ClientFrame, Field(discriminator="type")])


def decode(frame: str | bytes) -> ClientFrame:
    """The client frame in one WebSocket message.

    Raises:
        FrameError: if it is binary, no JSON, of an unknown type, or a field does not fit.
    """
    if isinstance(frame, bytes):
        raise FrameError("invalid_message", "binary frames are not understood")
    if len(frame) > MAX_FRAME_CHARS:
        raise FrameError("invalid_audio", f"a frame must hold at most {MAX_AUDIO_BYTES} bytes of audio")
    try:
        return _CLIENT.validate_json(frame)
    except ValidationError as error:
        raise _explain(error) from None


FIELD_CODES: Final[Mapping[str, ErrorCode]] = {"audio": "invalid_audio", "voice": "invalid_voice"}


def _explain(error: ValidationError) -> FrameError:
    first = error.errors(include_url=False, include_input=False)[0]
    tag_and_path = [str(part) for part in first["loc"]]
    path = tag_and_path[1:]
    reason = first["msg"].removeprefix("Value error, ")
    if not path:
        return FrameError("invalid_message", reason)
    code = FIELD_CODES.get(path[-1], "invalid_message")
    return FrameError(code, f"{'.'.join(path)}: {reason}")


class AudioDelta(Frozen):
    """20 to 100 ms of the AI's speech."""

    type: Literal["audio.delta"] = "audio.delta"
    delta: Pcm


class AudioDone(Frozen):
    """No more audio of this reply follows."""

    type: Literal["audio.done"] = "audio.done"


class SpeechStarted(Frozen):
    """The user began to speak; a client stops playing."""

    type: Literal["speech.started"] = "speech.started"


class SpeechStopped(Frozen):
    """The user stopped speaking."""

    type: Literal["speech.stopped"] = "speech.stopped"


class UserTranscript(Frozen):
    """Caption of what the user said."""

    type: Literal["user.transcript"] = "user.transcript"
    transcript: str


class TranscriptDone(Frozen):
    """Caption of what the AI said."""

    type: Literal["transcript.done"] = "transcript.done"
    transcript: str


class Error(Frozen):
    """Something was not understood or went wrong; the connection goes on."""

    type: Literal["error"] = "error"
    code: ErrorCode
    message: str


class ReportMessage(Frozen):
    """One message of the talk; of the AI's only what was heard."""

    role: Literal["user", "assistant"]
    content: str


class Report(Frozen):
    """What a talk came to; durations in whole seconds."""

    session_id: str
    total_duration_sec: int
    user_speech_duration_sec: int
    messages: tuple[ReportMessage, ...]


class Disconnected(Frozen):
    """The last frame of a talk that the client ended."""

    type: Literal["disconnected"] = "disconnected"
    reason: str = "Session ended"
    report: Report


ServerFrame: TypeAlias = (
    AudioDelta
    | AudioDone
    | SpeechStarted
    | SpeechStopped
    | UserTranscript
    | TranscriptDone
    | Error
    | Disconnected
)


def encode(frame: ServerFrame) -> str:
    """The WebSocket text message of a server frame."""
    return frame.model_dump_json()
