"""The state of a voice session, folded from its conversation's events; its report comes from here too."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from contracts.envelope import Recorded
from contracts.events import (
    ConversationStarted,
    ReplySpoken,
    UserSpoke,
    VoiceSessionClaimed,
    VoiceSessionCreated,
    VoiceSessionEnded,
    VoiceSessionOpened,
    VoiceSettingsChanged,
)
from protocols.voice.wire import DEFAULT_VOICE, Language, Report, ReportMessage, Voice, voice_or_default


@dataclass(frozen=True, slots=True)
class VoiceSession:
    """What the log says about one session.

    Attributes:
        owner: the member it belongs to; None for a guest session that nobody has claimed.
        user_speech_ms: how long the user has spoken, over all connections.
        connected_ms: how long earlier connections lasted.
        language: of the talk, where a client chose it.
        open_since: when the present connection was opened; None between connections.
        last_at: when the newest event happened.
    """

    owner: str | None = None
    voice: Voice = DEFAULT_VOICE
    show_text: bool = True
    language: Language | None = None
    user_speech_ms: int = 0
    connected_ms: int = 0
    messages: tuple[ReportMessage, ...] = ()
    open_since: datetime | None = None
    last_at: datetime | None = None

    def report(self, session_id: str) -> Report:
        """The report of all connections that have ended."""
        return Report(
            session_id=session_id,
            total_duration_sec=round(self.connected_ms / 1000),
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
            )
        elif session is not None:
            session = evolve(session, recorded)
    return session


def evolve(session: VoiceSession, recorded: Recorded) -> VoiceSession:
    """The session after one event more."""
    before, session = session, replace(session, last_at=recorded.occurred_at)
    match recorded.event:
        case VoiceSessionOpened():
            # What held the session before died without a word: what it had lived until its last event counts.
            died_after = _between(before.open_since, before.last_at)
            return replace(
                session,
                connected_ms=session.connected_ms + died_after,
                open_since=recorded.occurred_at,
            )
        case VoiceSettingsChanged(voice=voice, show_text=show_text, language=language):
            return replace(
                session,
                voice=session.voice if voice is None else voice_or_default(voice),
                show_text=session.show_text if show_text is None else show_text,
                language=language or session.language,
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
            return replace(session, connected_ms=session.connected_ms + connected_ms, open_since=None)
    return session


def _between(begin: datetime | None, end: datetime | None) -> int:
    return round((end - begin).total_seconds() * 1000) if begin and end else 0
