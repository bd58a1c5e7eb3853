"""What happened in a voice session. Audio itself is kept only on request, and then by reference."""

from typing import ClassVar

from contracts.events.base import Event


class VoiceSessionCreated(Event):
    """A voice session may be connected to from here on.

    Attributes:
        voice: the name of the AI's voice.
        show_text: whether captions are sent.
    """

    type: ClassVar[str] = "voice.session_created"

    voice: str
    show_text: bool


class VoiceSettingsChanged(Event):
    """A client chose other settings; None leaves one as it was."""

    type: ClassVar[str] = "voice.settings_changed"

    voice: str | None = None
    show_text: bool | None = None


class VoiceSessionClaimed(Event):
    """A member was the first to connect to a guest session and owns it from here on."""

    type: ClassVar[str] = "voice.session_claimed"

    owner: str


class UserSpoke(Event):
    """The user ended a turn of speech.

    Attributes:
        item_id: names the turn within its session.
        transcript: what was understood; empty where nothing was.
        speech_ms: how long the user spoke, silence at both ends left out.
        audio_reference: name of the stored audio, where audio is kept.
    """

    type: ClassVar[str] = "voice.user_spoke"

    item_id: str
    transcript: str
    speech_ms: int
    audio_reference: str | None = None


class ReplySpoken(Event):
    """The AI's reply was played to its end, or cut off.

    Attributes:
        reply_id: names the reply within its session.
        run_id: the run that made the reply, where a graph made it.
        generated: the text that was to be spoken.
        heard: the part of it that the user heard.
        cut: whether the user heard less than all of it.
        audio_ms: length of the generated speech.
        heard_ms: how much of it was played.
        audio_reference: name of the stored audio, where audio is kept.
    """

    type: ClassVar[str] = "voice.reply_spoken"

    reply_id: str
    run_id: str | None = None
    generated: str
    heard: str
    cut: bool
    audio_ms: int
    heard_ms: int
    audio_reference: str | None = None


class VoiceSessionEnded(Event):
    """A connection to the session ended.

    Attributes:
        connected_ms: how long this connection lasted.
        reason: why it ended.
    """

    type: ClassVar[str] = "voice.session_ended"

    connected_ms: int
    reason: str
