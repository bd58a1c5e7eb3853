"""The ASGI middleware in front of an edge: origins, keys, owners and limits, for every protocol at once."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Final, TypeAlias

from starlette.datastructures import MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from access import shapes
from access.limits import Bucket, Buckets
from access.ownership import NotYours
from access.settings import AccessSettings
from access.shapes import Destination
from access.visitor import VISITOR, ApiKeys, Members, Presented, Visitor, query_of
from contracts.envelope import Recorded
from contracts.events import ConversationStarted, VoiceSessionClaimed
from eventlog.logs import CONVERSATION
from eventlog.metrics import EdgeMetrics
from eventlog.ports import LogError

logger = logging.getLogger(__name__)

POLICY_VIOLATION: Final = 1008
TRY_AGAIN_LATER: Final = 1013
LOOPBACK_ORIGIN: Final = r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?"
FOR_EVERY_PAGE: Final = ("/api/chat/", "/api/health")
"""The quote protocol is open to the pages of every origin, and sets the headers itself."""

PAGE_POLICY: Final = (
    "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data: blob:; media-src 'self' blob:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(self)",
}

Check: TypeAlias = Callable[[str], Awaitable[None]]
"""Raises `NotYours` for a conversation that the visitor may not reach."""


class _Refused(Exception):
    def __init__(self, status: int, reason: str, code: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.code = code


class Connections:
    """Who is connected to an edge: how many by address, and to which conversation by WebSocket."""

    def __init__(self) -> None:
        self.by_address: Counter[str] = Counter()
        self._sockets: dict[str, set[_Socket]] = {}

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
    def of(self, conversation: str, socket: "_Socket") -> Iterator[None]:
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
            if await socket.visitor.user() != owner:
                socket.lose()


class Guard:
    """Lets a request through to `app`, or refuses it in the shape of its protocol."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        settings: AccessSettings,
        members: Members,
        check: Check,
        connections: Connections,
        metrics: EdgeMetrics,
    ) -> None:
        self._app = app
        self._cors = CORSMiddleware(
            app,
            allow_origins=settings.allowed_origins,
            allow_origin_regex=LOOPBACK_ORIGIN,
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Last-Event-ID", "X-API-Key", "traceparent"],
            expose_headers=["X-Thread-Id"],
        )
        self._settings = settings
        self._members = members
        self._check = check
        self._metrics = metrics
        self._keys = ApiKeys(key.get_secret_value() for key in settings.api_keys)
        per_second = settings.conversations_per_minute / 60
        self._beginnings = Buckets(per_second, settings.conversations_per_minute / 6, time.monotonic)
        self._connections = connections

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        presented = Presented.of(scope)
        websocket = scope["type"] == "websocket"
        to = shapes.destination(scope["path"], query_of(scope), websocket=websocket)
        counted = "" if _is_loopback(presented.address) else presented.address
        serve = self._websocket if websocket else self._http
        with self._metrics.open(to.protocol, scope["type"]), self._connections.counted(counted):
            await serve(scope, receive, send, to, presented, counted)

    async def _http(
        self, scope: Scope, receive: Receive, send: Send, to: Destination, presented: Presented, counted: str
    ) -> None:
        async def protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                _protect(message)
            await send(message)

        for_every_page = scope["path"].startswith(FOR_EVERY_PAGE)
        preflight = scope["method"] == "OPTIONS"
        try:
            if not for_every_page and not preflight:
                self._check_origin(scope, presented)
            visitor = self._visitor(to, presented, counted, preflight=preflight)
        except _Refused as refused:
            await _answer(refused, to)(scope, receive, protected)
            return
        VISITOR.set(None if to.login else visitor)
        app = self._app if for_every_page else self._cors
        await app(scope, receive, protected)

    async def _websocket(
        self, scope: Scope, receive: Receive, send: Send, to: Destination, presented: Presented, counted: str
    ) -> None:
        socket = _Socket(receive, send, Bucket(*_pace(self._settings), time.monotonic))
        try:
            self._check_origin(scope, presented)
            socket.visitor = self._visitor(to, presented, counted)
            VISITOR.set(None if to.protocol == "voice" else socket.visitor)
            if to.conversation:
                CONVERSATION.set(to.conversation)
                await self._check_owner(to.conversation)
        except _Refused as refused:
            await socket.refuse(shapes.frame(to, refused.reason, refused.code), refused.reason)
            return
        except LogError as error:
            logger.warning("cannot tell whom a conversation belongs to: %s", error)
            await socket.refuse(None, "the log is not available", TRY_AGAIN_LATER)
            return
        key = to.conversation
        if key is None or to.protocol == "voice":
            await self._app(scope, receive if to.protocol == "voice" else socket.receive, send)
            return
        with self._connections.of(key, socket):
            if await socket.serve(self._app, scope):
                reason = str(NotYours())
                await socket.refuse(shapes.frame(to, reason, "forbidden"), reason)

    async def _check_owner(self, conversation: str) -> None:
        try:
            await self._check(conversation)
        except NotYours as error:
            raise _Refused(403, str(error), "forbidden") from None

    def _visitor(
        self, to: Destination, presented: Presented, counted: str, *, preflight: bool = False
    ) -> Visitor:
        visitor = Visitor(self._members, presented.token)
        if to.public or preflight:
            return visitor
        most = self._settings.connections_per_address
        if counted and most and self._connections.by_address[counted] > most:
            raise self._refusal(429, "too many connections from this address", "too_many_connections")
        if self._keys and not to.login:
            name = self._keys.name(presented.api_key)
            if name is None:
                raise self._refusal(401, "an API key is needed, in X-API-Key or ?api_key=", "unauthorized")
            visitor.beginnings = self._beginnings.of(name)
        return visitor

    def _check_origin(self, scope: Scope, presented: Presented) -> None:
        """Refuse a page of another origin what it could do without being allowed to read the answer."""
        origin = presented.origin
        if origin is None or (scope["type"] == "http" and scope["method"] in ("GET", "HEAD")):
            return
        same = origin.partition("://")[2] == presented.host
        if not same and not self._cors.is_allowed_origin(origin):
            raise self._refusal(403, "this origin is not in PARLEY_ALLOWED_ORIGINS", "origin")

    def _refusal(self, status: int, reason: str, code: str) -> _Refused:
        self._metrics.refused.labels(code).inc()
        return _Refused(status, reason, code)


class _Socket:
    """A WebSocket, its frames read no faster than its bucket allows."""

    visitor: Visitor

    def __init__(self, receive: Receive, send: Send, bucket: Bucket) -> None:
        self._lost = False
        self._serving: asyncio.Task[None] | None = None
        self._receive = receive
        self._send = send
        self._bucket = bucket
        self._accepted = False

    async def receive(self) -> Message:
        """The next message, after a pause if the client is too fast."""
        message = await self._receive()
        if message["type"] == "websocket.receive" and (pause := self._bucket.take()):
            await asyncio.sleep(pause)
        return message

    async def send(self, message: Message) -> None:
        """Pass a message on."""
        self._accepted = self._accepted or message["type"] == "websocket.accept"
        await self._send(message)

    async def serve(self, app: ASGIApp, scope: Scope) -> bool:
        """Run the endpoint to its end; True if the conversation was lost to another user before."""
        self._serving = asyncio.current_task()
        try:
            await app(scope, self.receive, self.send)
        except asyncio.CancelledError:
            if not self._lost:
                raise
            if self._serving:
                self._serving.uncancel()
        finally:
            self._serving = None
        return self._lost

    def lose(self) -> None:
        """End the endpoint: the conversation is another user's now."""
        if self._serving:
            self._lost = True
            self._serving.cancel()

    async def refuse(self, frame: str | None, reason: str, code: int = POLICY_VIOLATION) -> None:
        """Say why and close; accepted first, since a refused handshake carries no frame."""
        if not self._accepted:
            await self._receive()
            await self._send({"type": "websocket.accept"})
        if frame is not None:
            await self._send({"type": "websocket.send", "text": frame})
        await self._send({"type": "websocket.close", "code": code, "reason": reason})


def _pace(settings: AccessSettings) -> tuple[float, float]:
    return settings.messages_per_second, settings.messages_per_second * 2


def _protect(start: Message) -> None:
    headers = MutableHeaders(scope=start)
    for name, value in _HEADERS.items():
        headers.setdefault(name, value)
    if headers.get("content-type", "").startswith("text/html"):
        headers.setdefault("Content-Security-Policy", PAGE_POLICY)


def _answer(refused: _Refused, to: Destination) -> JSONResponse:
    headers = {401: {"WWW-Authenticate": "ApiKey"}, 429: {"Retry-After": "10"}}.get(refused.status)
    return JSONResponse(shapes.body(to.protocol, refused.reason, refused.code), refused.status, headers)


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return not address
