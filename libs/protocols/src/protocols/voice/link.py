"""What travels between the edge and voice-bridge for one voice client: audio as it is, all else as frames.

A message is one byte that says what it is, and its content. Both ends send `BEAT` now and then, so that
each sees the other's death.
"""

from typing import Final, TypeAlias

from pydantic_core import from_json

from protocols.voice.wire import AppendAudio, AudioDelta, ClientFrame, ServerFrame, decode, encode

BEAT: Final = b"b"
"""The sender lives."""
LEFT: Final = b"l"
"""The sender has ended the session and sends nothing more; voice-bridge adds the code to close with."""
MOVED: Final = 0
"""In place of a code: the session is to be opened on another replica."""
OPENING_SECONDS: Final = 4.0
"""How long a replica may take to open a session; the edge waits a little longer, so that no two open it."""
_AUDIO: Final = b"a"
_FRAME: Final = b"f"

Frame: TypeAlias = ClientFrame | ServerFrame


def pack(frame: Frame) -> bytes:
    """A frame of either side as a message."""
    if isinstance(frame, AppendAudio):
        return _AUDIO + frame.audio
    if isinstance(frame, AudioDelta):
        return _AUDIO + frame.delta
    return _FRAME + frame.model_dump_json().encode()


def kind_of(message: bytes) -> str:
    """The type of voice-bridge's frame in a message; empty for any other message."""
    if message[:1] == _AUDIO:
        return "audio.delta"
    return str(from_json(message[1:])["type"]) if message[:1] == _FRAME else ""


def left(code: int) -> bytes:
    """Voice-bridge has ended the session; the client's socket is to be closed with this code."""
    return LEFT + str(code).encode()


def code_of(message: bytes) -> int | None:
    """The code in a message made by `left`; None for any other."""
    return int(message[1:]) if message[:1] == LEFT else None


def unpack_client(message: bytes) -> ClientFrame | None:
    """The client's frame in a message; None for a beat.

    Raises:
        FrameError: if it is not one.
    """
    if message[:1] == _AUDIO:
        return AppendAudio.model_construct(audio=message[1:])
    return decode(message[1:].decode()) if message[:1] == _FRAME else None


def unpack_server(message: bytes) -> str | None:
    """The client's WebSocket text for a message of voice-bridge; None for a beat."""
    if message[:1] == _AUDIO:
        return encode(AudioDelta.model_construct(delta=message[1:]))
    return message[1:].decode() if message[:1] == _FRAME else None
