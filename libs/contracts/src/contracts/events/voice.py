"""What happened in a voice session. Audio itself is kept only on request, and then by reference."""

from typing import Any, ClassVar, Final, Literal

from contracts.events.base import Event
from contracts.events.run import Step

CUT_MARK: Final = "[interrupted]"
"""Stands where the user interrupted what the AI was saying."""


class VoiceSessionCreated(Event):
    """A voice session may be connected to from here on.

    Attributes:
        voice: the name of the AI's voice.
        show_text: whether captions are sent.
        graph: what it was made for; None where the first connection may still name one.
    """

    type: ClassVar[str] = "voice.session_created"

    voice: str
    show_text: bool
    graph: str | None = None


class VoiceSessionOpened(Event):
    """A replica of voice-bridge holds the session from here on; also for a new connection.

    Attributes:
        replica: the process that holds the talk.
    """

    type: ClassVar[str] = "voice.session_opened"

    replica: str


class VoiceSettingsChanged(Event):
    """A client chose other settings; None leaves one as it was.

    Attributes:
        voice: the voice from here on.
        show_text: whether captions are sent.
        language: what the talk is held in.
    """

    type: ClassVar[str] = "voice.settings_changed"

    voice: str | None = None
    show_text: bool | None = None
    language: Literal["ko", "en"] | None = None


class VoiceSessionClaimed(Event):
    """A member was the first to connect to a guest session and owns it from here on.

    Attributes:
        owner: the user that the session belongs to from here on.
    """

    type: ClassVar[str] = "voice.session_claimed"

    owner: str


class UserSpoke(Event):
    """The user ended a turn of speech.

    Attributes:
        item_id: names the turn within its session.
        transcript: what was understood; empty where nothing was.
        speech_ms: how long the user spoke, silence at both ends left out.
        answered_by: ``graph`` if it is also sent to the responder as a message, ``engine`` if the speech
            engine's own model answers it.
        audio_reference: name of the stored audio, where audio is kept.
    """

    type: ClassVar[str] = "voice.user_spoke"

    item_id: str
    transcript: str
    speech_ms: int
    answered_by: Literal["graph", "engine"] = "graph"
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
        written: the whole reply as it is shown, if the spoken words are shorter or different.
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
    written: str = ""

    @property
    def as_heard(self) -> str:
        """What counts as said: all that was shown, or as far as it was heard and marked where it was cut."""
        return f"{self.heard} {CUT_MARK}".strip() if self.cut else self.written or self.heard


class VoiceToolCalled(Event):
    """A speech engine's own model wants a tool of the agent, which is about to be called.

    Attributes:
        call_id: the model's name for the call.
        tool: its name.
        arguments: what it is called with, as JSON.
    """

    type: ClassVar[str] = "voice.tool_called"

    call_id: str
    tool: str
    arguments: dict[str, Any]


class VoiceToolReturned(Event):
    """The result of the call; if the same call comes again, this is the answer.

    Attributes:
        call_id: the call that it ends.
        output: what the model is told: the tool's answer, or why it failed.
        failed: the tool could not do it.
        steps: what of it a person should read.
    """

    type: ClassVar[str] = "voice.tool_returned"

    call_id: str
    output: str
    failed: bool = False
    steps: tuple[Step, ...] = ()


class VoiceSessionEnded(Event):
    """A connection to the session ended.

    Attributes:
        connected_ms: how long this connection lasted.
        reason: why it ended.
    """

    type: ClassVar[str] = "voice.session_ended"

    connected_ms: int
    reason: str
