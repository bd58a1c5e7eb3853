"""The state of a voice session, folded from its conversation's events; its report comes from here too."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from contracts.envelope import Recorded
from contracts.events import (
    ConversationStarted,
    ReplySpoken,
    UserSpoke,
    VoiceSessionClaimed,
    VoiceSessionCreated,
    VoiceSessionEnded,
    VoiceSettingsChanged,
)
from contracts.wire.voice import DEFAULT_VOICE, Report, ReportMessage, Voice, voice_or_default


@dataclass(frozen=True, slots=True)
class VoiceSession:
    """What the log says about one session.

    Attributes:
        owner: the member it belongs to; None for a guest session that nobody has claimed.
        user_speech_ms: how long the user has spoken, over all connections.
        connected_ms: how long earlier connections lasted.
        last_sequence: the newest event folded.
    """

    owner: str | None = None
    voice: Voice = DEFAULT_VOICE
    show_text: bool = True
    user_speech_ms: int = 0
    connected_ms: int = 0
    messages: tuple[ReportMessage, ...] = ()
    last_sequence: int = 0

    def report(self, session_id: str, connected_ms: int) -> Report:
        """The report of all that was said, a connection of this length included."""
        return Report(
            session_id=session_id,
            total_duration_sec=round((self.connected_ms + connected_ms) / 1000),
            user_speech_duration_sec=round(self.user_speech_ms / 1000),
            messages=self.messages,
        )


def fold(events: Iterable[Recorded]) -> VoiceSession | None:
    """The session after these events of one conversation; None if none was created."""
    session: VoiceSession | None = None
    owner: str | None = None
    for recorded in events:
        if isinstance(recorded.event, ConversationStarted):
            session, owner = None, recorded.event.owner
        elif isinstance(recorded.event, VoiceSessionCreated):
            session = VoiceSession(
                owner=owner,
                voice=voice_or_default(recorded.event.voice),
                show_text=recorded.event.show_text,
                last_sequence=recorded.sequence,
            )
        elif session is not None:
            session = evolve(session, recorded)
    return session


def evolve(session: VoiceSession, recorded: Recorded) -> VoiceSession:
    """The session after one event more."""
    session = replace(session, last_sequence=recorded.sequence)
    match recorded.event:
        case VoiceSettingsChanged(voice=voice, show_text=show_text):
            return replace(
                session,
                voice=session.voice if voice is None else voice_or_default(voice),
                show_text=session.show_text if show_text is None else show_text,
            )
        case VoiceSessionClaimed(owner=owner):
            return replace(session, owner=owner)
        case UserSpoke(transcript=transcript, speech_ms=speech_ms):
            said = (ReportMessage(role="user", content=transcript),) if transcript else ()
            return replace(
                session,
                user_speech_ms=session.user_speech_ms + speech_ms,
                messages=session.messages + said,
            )
        case ReplySpoken() as spoken if spoken.generated:
            said = (ReportMessage(role="assistant", content=spoken.as_heard),)
            return replace(session, messages=session.messages + said)
        case VoiceSessionEnded(connected_ms=connected_ms):
            return replace(session, connected_ms=session.connected_ms + connected_ms)
    return session
