"""Who is connected to an edge, and how a WebSocket is paced, lost and refused."""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from access.limits import Bucket
from access.ownership import NotYours
from access.visitor import Visitor
from contracts.envelope import Recorded
from contracts.events import ConversationStarted, VoiceSessionClaimed
from eventlog.ports import Unavailable

logger = logging.getLogger(__name__)

POLICY_VIOLATION: Final = 1008
LONGEST_TIMER_SECONDS: Final = 86_400.0 * 20
REFUSAL_SECONDS: Final = 10.0
"""How long a client may take to hear that it is refused."""


class Connections:
    """How many there are by address, and by WebSocket to which conversation."""

    def __init__(self) -> None:
        self.by_address: Counter[str] = Counter()
        self._sockets: dict[str, set[Socket]] = {}

    @contextmanager
    def counted(self, address: str) -> Iterator[None]:
        """One more of an address as long as the context lasts."""
        self.by_address[address] += 1
        try:
            yield
        finally:
            self.by_address[address] -= 1
            if not self.by_address[address]:
                del self.by_address[address]

    @contextmanager
    def of(self, conversation: str, socket: "Socket") -> Iterator[None]:
        """One more of a conversation as long as the context lasts."""
        sockets = self._sockets.setdefault(conversation, set())
        sockets.add(socket)
        try:
            yield
        finally:
            sockets.discard(socket)
            if not sockets:
                self._sockets.pop(conversation, None)

    async def claimed(self, event: Recorded) -> None:
        """A conversation has got an owner: the connections of others end."""
        fact = event.event
        owner = fact.owner if isinstance(fact, ConversationStarted | VoiceSessionClaimed) else None
        if owner is None:
            return
        for socket in tuple(self._sockets.get(event.conversation, ())):
            try:
                user = await socket.visitor.user()
            except Unavailable as error:
                logger.warning("a connection ends, since its user cannot be told: %s", error)
                user = None
            if user != owner:
                socket.lose(str(NotYours()))


class Socket:
    """A WebSocket, its frames read no faster than its bucket allows.

    Attributes:
        reason: why the conversation is lost to its client, if it is.
    """

    def __init__(self, visitor: Visitor, receive: Receive, send: Send, bucket: Bucket) -> None:
        self.visitor = visitor
        self._receive = receive
        self._send = send
        self._bucket = bucket
        self._greeted = False
        self._accepted = False
        self._lost = False
        self.reason = ""
        self._serving: asyncio.Task[None] | None = None

    async def receive(self) -> Message:
        """The next message, after a pause if the client is too fast."""
        message = await self._receive()
        self._greeted = True
        if message["type"] == "websocket.receive" and (pause := self._bucket.take()):
            await asyncio.sleep(pause)
        return {"type": "websocket.disconnect", "code": POLICY_VIOLATION} if self._lost else message

    async def send(self, message: Message) -> None:
        """Pass a message on, unless the conversation is lost."""
        if self._lost:
            return
        self._accepted = self._accepted or message["type"] == "websocket.accept"
        await self._send(message)

    @contextmanager
    def until(self, expiry: datetime | None) -> Iterator[None]:
        """Within, the conversation is lost at a time, if one is given."""
        if expiry is None:
            yield
            return
        seconds = min((expiry - datetime.now(UTC)).total_seconds(), LONGEST_TIMER_SECONDS)
        timer = asyncio.get_running_loop().call_later(max(seconds, 0), self.lose, "the token has expired")
        try:
            yield
        finally:
            timer.cancel()

    async def serve(self, app: ASGIApp, scope: Scope) -> bool:
        """Run the endpoint to its end; True if the conversation was lost to its client before."""
        self._serving = task = asyncio.current_task()
        if self._is_lost() or task is None:
            return self._is_lost()
        try:
            await app(scope, self.receive, self.send)
        except asyncio.CancelledError:
            if not self._is_lost() or task.cancelling() > 1:  # the server itself wants to end
                raise
        finally:
            self._serving = None
        if self._is_lost() and task.cancelling():
            task.uncancel()
        return self._is_lost()

    def _is_lost(self) -> bool:
        return self._lost

    def lose(self, reason: str) -> None:
        """End the endpoint: its client may not reach the conversation any more.

        A wait may swallow a cancellation; nothing gets in or out from now on all the same.
        """
        if not self._lost:
            self.reason = reason
            self._lost = True
            if self._serving:
                self._serving.cancel()

    async def refuse(self, frame: str | None, reason: str, code: int = POLICY_VIOLATION) -> None:
        """Say why and close; accepted first, since a refused handshake carries no frame."""
        try:
            async with asyncio.timeout(REFUSAL_SECONDS):
                if not self._greeted:
                    await self._receive()
                if not self._accepted:
                    await self._send({"type": "websocket.accept"})
                if frame is not None:
                    await self._send({"type": "websocket.send", "text": frame})
                await self._send({"type": "websocket.close", "code": code, "reason": reason})
        except OSError as error:  # so uvicorn tells that the client has left; a time-out is one as well
            logger.debug("a client that was refused has left: %s", error)
