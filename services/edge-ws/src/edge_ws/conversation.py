"""What the endpoints of conversations have in common: a client, a key, and the events that follow.

`serve` deals with how a connection begins and ends, `Follower` with what it knows of the conversation.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from starlette.websockets import WebSocket, WebSocketDisconnect

from contracts.envelope import Recorded
from contracts.events import ConversationDeleted, ConversationStarted, RunEnded, Work
from contracts.subjects import InvalidKey, check_key
from edge_ws.connection import POLICY_VIOLATION, TRY_AGAIN_LATER, Connection, TooSlow
from eventlog.ports import Log, LogError, TooMuch
from eventlog.turns.inbox import Inbox
from eventlog.turns.standing import Seen

logger = logging.getLogger(__name__)


class NotAccepted(ValueError):
    """A connection with a key or a parameter that is not valid; the text names it."""


def checked_key(name: str, key: str) -> str:
    """A conversation key from the address.

    Raises:
        NotAccepted: if it is not valid; `name` is how the protocol calls it.
    """
    try:
        return check_key(key)
    except InvalidKey as error:
        raise NotAccepted(f"{name}: {error}") from None


async def serve(
    socket: WebSocket,
    *,
    send_timeout: float,
    hold: Callable[[Connection], Awaitable[None]],
    refusal: Callable[[str], str],
) -> None:
    """Accept a client and talk to it by `hold` until either side ends it.

    Args:
        send_timeout: seconds a client may leave a frame unread.
        refusal: the protocol's error frame for a reason.
    """
    await socket.accept()
    socket.scope["headers"] = []  # they have been judged; as long as the connection they would be 2 KB
    connection = Connection(socket, send_timeout)
    try:
        await hold(connection)
    except* NotAccepted as errors:
        await _refuse(connection, str(errors.exceptions[0]), refusal)
    except* WebSocketDisconnect:
        logger.debug("a client left")
    except* TooSlow:
        await connection.close(POLICY_VIOLATION, "too slow")
    except* LogError as errors:
        logger.warning("%s: %s", socket.url.path, errors.exceptions[0])
        await connection.close(TRY_AGAIN_LATER, "the log is not available")


async def _refuse(connection: Connection, reason: str, refusal: Callable[[str], str]) -> None:
    try:
        await connection.send(refusal(reason))
    except (WebSocketDisconnect, TooSlow):
        logger.debug("a client that was refused left")
    await connection.close(POLICY_VIOLATION, reason)


def reason_of(error: LogError) -> str:
    """What a client is told of a message that was not accepted."""
    return str(error) if isinstance(error, TooMuch) else "the log is not available; send it again"


class Follower:
    """One connection's knowledge of a conversation, kept current by its events.

    Attributes:
        seen: what is known; appends use it instead of asking the log.
        gate: whoever appends or sends holds it, so that an event cannot pass by in between.
    """

    def __init__(self, key: str, log: Log, inbox: Inbox) -> None:
        self._key = key
        self._log = log
        self._inbox = inbox
        self.seen = Seen(0, None)
        self._unanswered: set[int] = set()
        self.gate = asyncio.Lock()

    async def begin(self) -> None:
        """Learn how the conversation stands."""
        tail = await self._log.tail(self._key)
        start = await self._inbox.standing(self._key)
        unanswered = await self._inbox.unanswered(start) if start else ()
        self._unanswered = {each.sequence for each in unanswered if each.sequence <= tail}
        self.seen = Seen(tail, start, len(self._unanswered))

    async def follow(self, show: Callable[[Recorded], Awaitable[None]]) -> None:
        """Show every event from where `begin` stood, until cancelled."""
        async with self._log.follow(self._key, after=self.seen.tail) as events:
            async for event in events:
                async with self.gate:
                    start = self.seen.start
                    match event.event:
                        case ConversationStarted():
                            start = event
                        case ConversationDeleted():
                            start = None
                            self._unanswered.clear()
                        case Work():
                            self._unanswered.add(event.sequence)
                        case RunEnded(message_sequence=answered):
                            self._unanswered = {each for each in self._unanswered if each > answered}
                    await show(event)
                    self.seen = Seen(event.sequence, start, len(self._unanswered))
