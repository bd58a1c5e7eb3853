"""The endpoint of the voice protocol: who may connect to which session. What follows is in `voice_talk`."""

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from starlette.websockets import WebSocket, WebSocketDisconnect

from access.settings import is_loopback
from contracts.envelope import Recorded
from contracts.events import (
    ConversationDeleted,
    ConversationStarted,
    Event,
    VoiceSessionClaimed,
    VoiceSessionCreated,
    VoiceSettingsChanged,
)
from contracts.subjects import InvalidKey, check_key
from edge_ws.connection import POLICY_VIOLATION, Connection, TooSlow
from edge_ws.conversation import NotAccepted
from edge_ws.flood import Flooding
from edge_ws.graphs import Graphs
from edge_ws.settings import EdgeSettings
from edge_ws.voice_talk import Busy, Expired, NoBridge, VoiceTalk
from eventlog.author import Author
from eventlog.broker import Broker
from eventlog.ports import Conflict, Log, LogError, Unavailable
from eventlog.turns.inbox import Inbox
from identity import KeysUnavailableError, Member, RefusedTokenError, Verifier
from protocols.voice.opening import ConnectQuery, read_query
from protocols.voice.session import VoiceSession, fold
from protocols.voice.wire import (
    CLOSE_FLOOD,
    CLOSE_NO_SESSION,
    CLOSE_OTHER_OWNER,
    CLOSE_SERVER_ERROR,
    CLOSE_TOKEN_REFUSED,
    Error,
    FrameError,
    encode,
)

logger = logging.getLogger(__name__)

ATTEMPTS: Final = 50
ADMITTING: Final = (VoiceSessionCreated, VoiceSessionClaimed, VoiceSettingsChanged)
"""What tells whose a session is and how it was set; what was spoken in it is the bridge's to read."""
_BEARER: Final = "bearer "


class _Turned(Exception):
    """The client may not connect."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True, slots=True)
class _Standing:
    """A session, with how it began and the last sequence of its conversation when it was read."""

    session: VoiceSession
    start: Recorded
    created: Recorded
    tail: int

    def made_for(self, graph: str | None) -> Sequence[Event]:
        """The session made anew for a graph, if it was made for none and nobody has come to it yet."""
        start, created = self.start.event, self.created.event
        if not graph or not isinstance(start, ConversationStarted) or graph == start.graph:
            return ()
        is_open = isinstance(created, VoiceSessionCreated) and created.graph is None
        if not is_open or self.tail > self.created.sequence:
            return ()
        named = {"graph": graph}
        return ConversationDeleted(), start.model_copy(update=named), created.model_copy(update=named)


class TooManyGuests(Exception):
    """The address has as many guests' talks open as it may."""


class Guests:
    """How many guests talk from each address; the programs of this machine are not counted."""

    def __init__(self, most: int) -> None:
        """`most` from one address at once; 0 for any number."""
        self._most = most
        self._open: Counter[str] = Counter()

    @contextmanager
    def place(self, address: str) -> Iterator[None]:
        """A place for one talk, empty for one that does not count.

        Raises:
            TooManyGuests: if the address has none left.
        """
        if not address or not self._most:
            yield
            return
        if self._open[address] >= self._most:
            raise TooManyGuests
        self._open[address] += 1
        try:
            yield
        finally:
            self._open[address] -= 1
            if not self._open[address]:
                del self._open[address]


def _address(socket: WebSocket) -> str:
    host = socket.client.host if socket.client else ""
    return "" if is_loopback(host) else host


class VoiceEndpoint:
    """Serves one client after another, any number at once."""

    def __init__(
        self,
        broker: Broker,
        log: Log,
        author: Author,
        verifier: Verifier,
        graphs: Graphs,
        settings: EdgeSettings,
    ) -> None:
        self._broker = broker
        self._graphs = graphs
        self._log = log
        self._author = author
        self._inbox = Inbox(log, author)
        self._verifier = verifier
        self._settings = settings
        self._guests = Guests(settings.voice_guests_per_address)

    async def serve(self, socket: WebSocket, session_id: str, *, is_member: bool) -> None:
        """Talk to one client until it leaves."""
        await socket.accept()
        connection = Connection(socket, self._settings.send_timeout)
        query, problems = read_query(socket.query_params)
        try:
            member = await self._authenticate(socket, query) if is_member else None
            with self._guests.place(_address(socket) if member is None else ""):
                graph, unserved = await self._named(query.graph)
                await self._admit(session_id, member.subject if member else None, query, graph)
                expires_at = member.expires_at if member else None
                talk = VoiceTalk(self._broker, connection, session_id, self._settings, expires_at)
                for problem in (*problems, *unserved):
                    await talk.refuse(problem)
                await connection.close(await talk.hold(), "session ended")
        except* _Turned as turned:
            error = turned.exceptions[0]
            await _end(connection, error.code if isinstance(error, _Turned) else 0, str(error))
        except* Expired:
            await connection.close(CLOSE_TOKEN_REFUSED, "the token has expired")
        except* (Busy, TooManyGuests):
            logger.warning("voice session %r: every line is busy", session_id)
            await _end(connection, CLOSE_SERVER_ERROR, "every line is busy, try again in a few minutes")
        except* WebSocketDisconnect:
            logger.debug("client of %r left", session_id)
        except* TooSlow:
            await connection.close(POLICY_VIOLATION, "too slow")
        except* Flooding:
            await connection.close(CLOSE_FLOOD, "too many frames")
        except* (LogError, NoBridge) as errors:
            logger.warning("voice session %r: %s", session_id, errors.exceptions[0])
            await _end(connection, CLOSE_SERVER_ERROR, "the service is not available")

    async def _authenticate(self, socket: WebSocket, query: ConnectQuery) -> Member:
        header = socket.headers.get("authorization", "")
        bearer = header[len(_BEARER) :].strip() if header.lower().startswith(_BEARER) else ""
        try:
            return await self._verifier.verify(query.token or bearer)
        except RefusedTokenError as error:
            raise _Turned(CLOSE_TOKEN_REFUSED, "the token was refused") from error
        except KeysUnavailableError as error:
            raise _Turned(CLOSE_SERVER_ERROR, "tokens cannot be checked now") from error

    async def _admit(self, session_id: str, user: str | None, query: ConnectQuery, graph: str | None) -> None:
        """See that the session exists and is the client's; claim it, and store what it came with."""
        for _ in range(ATTEMPTS):
            standing = await self._standing(session_id)
            if standing is None:
                raise _Turned(CLOSE_NO_SESSION, "no such session")
            session = standing.session
            if session.owner not in (None, user):
                raise _Turned(CLOSE_OTHER_OWNER, "the session has another owner")
            facts = [*standing.made_for(graph)]
            if user is not None and session.owner is None:
                facts.append(VoiceSessionClaimed(owner=user))
            voice = query.voice if query.voice != session.voice else None
            show_text = query.show_text if query.show_text != session.show_text else None
            language = query.lang if query.lang != session.language else None
            if voice is not None or show_text is not None or language is not None:
                facts.append(VoiceSettingsChanged(voice=voice, show_text=show_text, language=language))
            if not facts:
                return
            try:
                envelopes = [self._author.envelope(session_id, fact) for fact in facts]
                await self._log.append(envelopes, expected=standing.tail)
            except Conflict:
                continue
            return
        raise Unavailable(f"voice session {session_id!r} is too busy")

    async def _named(self, graph: str | None) -> tuple[str | None, tuple[FrameError, ...]]:
        """The graph that a client names, None without one that is served; and what is wrong with it."""
        try:
            return await self._graphs.chosen(graph, "") or None, ()
        except NotAccepted as reason:
            return None, (FrameError("invalid_message", str(reason)),)

    async def _standing(self, session_id: str) -> _Standing | None:
        try:
            check_key(session_id)
        except InvalidKey:
            return None
        tail = await self._log.tail(session_id)
        start = await self._inbox.standing(session_id)
        if start is None:
            return None
        reads = [self._log.read(session_id, after=start.sequence, pattern=kind.type) for kind in ADMITTING]
        facts = [event for read in reads async for event in read]
        session = fold([start, *sorted(facts, key=lambda event: event.sequence)])
        created = [fact for fact in facts if isinstance(fact.event, VoiceSessionCreated)]
        return _Standing(session, start, created[-1], tail) if session else None


async def _end(connection: Connection, code: int, reason: str) -> None:
    """Close; of a server's error the client is told by a frame as well."""
    if code == CLOSE_SERVER_ERROR:
        try:
            await connection.send(encode(Error(code="server_error", message=reason)))
        except (TooSlow, WebSocketDisconnect) as error:
            logger.debug("a client has left before it was told: %s", error)
    await connection.close(code, reason)
