"""The ASGI middleware in front of an edge: origins, keys, owners and limits, for every protocol at once."""

import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from starlette.middleware.cors import CORSMiddleware
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from access.connections import Connections, Socket
from access.limits import Bucket, Buckets
from access.ownership import NotYours
from access.pages import LOOPBACK_ORIGIN, Hosts, confined
from access.settings import AccessSettings, is_loopback
from access.visitor import VISITOR, ApiKeys, Members, Presented, Visitor, query_of
from chassis.logs import CONVERSATION
from chassis.metrics import EdgeMetrics
from eventlog.ports import LogError
from protocols import doors
from protocols.door import Destination

logger = logging.getLogger(__name__)

TRY_AGAIN_LATER: Final = 1013
_HEADERS_WITH: Final = {401: {"WWW-Authenticate": "ApiKey"}, 429: {"Retry-After": "10"}}

_EXPOSED: Final = (
    "X-Thread-Id",
    "Location",
    "Content-Location",
    "X-Pagination-Total",
    "X-Pagination-Next",
)

Check: TypeAlias = Callable[[str], Awaitable[None]]
"""Raises `NotYours` for a conversation that the visitor may not reach."""


class _Refused(Exception):
    def __init__(self, status: int, reason: str, code: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.code = code


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
        # Refusals go through these as well: a page that may call may also read why it was refused.
        self._listed = CORSMiddleware(
            self._http,
            allow_origins=settings.allowed_origins,
            allow_origin_regex=LOOPBACK_ORIGIN,
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["*"],
            allow_private_network=True,
            expose_headers=_EXPOSED,
        )
        self._every = CORSMiddleware(
            self._http, allow_origins=["*"], allow_methods=["GET", "POST"], allow_headers=["*"]
        )
        self._hosts = Hosts(settings)
        self._most = settings.connections_per_address
        self._pace = settings.messages_per_second
        self._members = members
        self._check = check
        self._metrics = metrics
        self._keys = ApiKeys(key.get_secret_value() for key in settings.api_keys)
        a_minute = settings.conversations_per_minute
        self._beginnings = Buckets(a_minute / 60, a_minute / 6, time.monotonic)
        self._connections = connections

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        to = _destination(scope)
        address = _counted(scope)
        with self._metrics.open(to.protocol, scope["type"]), self._connections.counted(address):
            if scope["type"] == "websocket":
                await self._websocket(scope, receive, send)
            else:
                counted = self._counting(to.protocol, confined(send))
                await (self._every if to.every_page else self._listed)(scope, receive, counted)

    def _counting(self, protocol: str, send: Send) -> Send:
        """`send` that counts the answer when it begins."""
        began = time.monotonic()

        async def observed(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._metrics.answered(protocol, message["status"], time.monotonic() - began)
            await send(message)

        return observed

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        to = _destination(scope)
        try:
            visitor = self._admit(scope, to)
        except _Refused as refused:
            body = doors.body(to, refused.reason, refused.code)
            answer = JSONResponse(body, refused.status, _HEADERS_WITH.get(refused.status))
            await answer(scope, receive, send)
            return
        VISITOR.set(visitor)
        await self._app(scope, receive, send)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        to = _destination(scope)
        pace = Bucket(self._pace, 2 * self._pace, time.monotonic)
        socket = Socket(Visitor(self._members), receive, send, pace)
        try:
            socket.visitor = self._admit(scope, to)
        except _Refused as refused:
            await socket.refuse(doors.frame(to, refused.reason, refused.code), refused.reason)
            return
        if to.protocol == "voice":  # which judges tokens and paces its clients by itself
            await self._app(scope, receive, send)
            return
        VISITOR.set(socket.visitor)
        if to.conversation is None:
            await self._app(scope, socket.receive, send)
            return
        CONVERSATION.set(to.conversation)
        try:
            # Counted before it is checked: no claim can come in between unnoticed.
            with self._connections.of(to.conversation, socket):
                await self._check(to.conversation)
                with socket.until(await socket.visitor.expiry()):
                    lost = await socket.serve(self._app, scope)
        except NotYours as error:
            self._metrics.refused.labels("forbidden").inc()
            socket.lose(str(error))
            lost = True
        except LogError as error:
            logger.warning("cannot tell whom a conversation belongs to: %s", error)
            await socket.refuse(None, "the log is not available", TRY_AGAIN_LATER)
            return
        if lost:
            await socket.refuse(doors.frame(to, socket.reason, "forbidden"), socket.reason)

    def _admit(self, scope: Scope, to: Destination) -> Visitor:
        """The visitor that a request is from; raises `_Refused`."""
        presented = Presented.of(scope)
        if presented.host not in self._hosts:
            raise self._refusal(403, f"{presented.host} is not a host in PARLEY_ALLOWED_ORIGINS", "host")
        if not to.every_page:
            self._check_origin(scope, presented)
        visitor = Visitor(self._members, presented.token, foreign=not self._is_known(presented))
        if to.public:
            return visitor
        address = _counted(scope)
        if address and self._most and self._connections.by_address[address] > self._most:
            raise self._refusal(429, "too many connections from this address", "too_many_connections")
        if self._keys and not to.login:
            name = self._keys.name(presented.api_key)
            if name is None and to.bearer_is_key:
                name = self._keys.name(presented.token)
            if name is None:
                raise self._refusal(401, "an API key is needed, in X-API-Key or ?api_key=", "unauthorized")
            visitor.beginnings = self._beginnings.of(name)
        elif to.login and presented.token:
            visitor.beginnings = self._beginnings.of(f"member {presented.member}")
        return visitor

    def _check_origin(self, scope: Scope, presented: Presented) -> None:
        """Refuse a page of another origin what it could do without being allowed to read the answer."""
        origin = presented.origin
        if origin is None or (scope["type"] == "http" and scope["method"] in ("GET", "HEAD")):
            return
        if not self._is_known(presented):
            raise self._refusal(403, "this origin is not in PARLEY_ALLOWED_ORIGINS", "origin")

    def _is_known(self, presented: Presented) -> bool:
        """Whether it comes from no page, one of this server, or one that is allowed to call."""
        origin = presented.origin
        same = origin is None or origin.partition("://")[2] == presented.host
        return same or self._listed.is_allowed_origin(origin or "")

    def _refusal(self, status: int, reason: str, code: str) -> _Refused:
        self._metrics.refused.labels(code).inc()
        return _Refused(status, reason, code)


def _destination(scope: Scope) -> Destination:
    return doors.destination(scope["path"], query_of(scope), websocket=scope["type"] == "websocket")


def _counted(scope: Scope) -> str:
    """The address that a connection counts for; empty for programs of this machine."""
    client = scope.get("client")
    address: str = client[0] if client else ""
    return "" if is_loopback(address) else address
