"""uvicorn's WebSocket protocol with what that leaves open.

A head that is too large gets an answer, and what is kept of incomplete frames has a bound and a deadline.
"""

import asyncio
import json
from collections import Counter
from http import HTTPStatus
from typing import ClassVar, Final

from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import SecurityError
from websockets.frames import CloseCode, Frame
from websockets.http11 import MAX_LINE_LENGTH, MAX_NUM_HEADERS, Request

from edge_ws.gathering import Gathering
from edge_ws.settings import EdgeSettings

FRAGMENT_BYTES: Final = 64
"""What a fragment costs beside its content."""


class BoundedProtocol(WebSocketsSansIOProtocol):
    """One connection. `bounded` makes the class for some settings.

    Attributes:
        patience: seconds that a frame may take.
        most: bytes of unfinished frames of one address.
        unfinished: what there is now, by address.
    """

    patience: ClassVar[float]
    most: ClassVar[int]
    unfinished: ClassVar[Counter[str]]

    _address = ""
    _fragments = 0
    _kept = 0
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        super().connection_made(transport)
        self.transport = Gathering(self.transport, self.loop)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_initiated:
            self._refuse_head(self.conn.handshake_exc)
        elif not self.close_sent:
            self._keep(self._fragments + len(self.conn.reader.buffer))

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._keep(0)
        super().connection_lost(exc)

    def handle_connect(self, event: Request) -> None:
        """A head came: whose it is."""
        peer = self.client[0] if self.client else ""
        told = ", ".join(event.headers.get_all("X-Forwarded-For"))
        if told and isinstance(self.app, ProxyHeadersMiddleware) and peer in self.app.trusted_hosts:
            peer, _ = self.app.trusted_hosts.get_trusted_client_address(told)
        self._address = peer
        super().handle_connect(event)
        event.headers.clear()  # the application has its own; the parser keeps these as long as the connection

    def handle_text(self, event: Frame) -> None:
        """The first fragment of a text."""
        self._count(event)
        super().handle_text(event)

    def handle_bytes(self, event: Frame) -> None:
        """The first fragment of bytes."""
        self._count(event)
        super().handle_bytes(event)

    def handle_cont(self, event: Frame) -> None:
        """A further fragment."""
        self._count(event)
        super().handle_cont(event)

    def _count(self, event: Frame) -> None:
        self._fragments = 0 if event.fin else self._fragments + len(event.data) + FRAGMENT_BYTES

    def _keep(self, size: int) -> None:
        if size == self._kept:
            return
        self.unfinished[self._address] += size - self._kept
        self._kept = size
        if size == 0:
            if self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None
            if not self.unfinished[self._address]:
                del self.unfinished[self._address]
        elif self.unfinished[self._address] > self.most:
            self._give_up(CloseCode.MESSAGE_TOO_BIG, "too much is unfinished")
        elif self._deadline is None:
            self._deadline = self.loop.call_later(self.patience, self._expire)

    def _expire(self) -> None:
        self._deadline = None
        if self.read_paused:  # it is we who do not read on
            self._deadline = self.loop.call_later(self.patience, self._expire)
        elif not self.close_sent:
            self._give_up(CloseCode.POLICY_VIOLATION, "the frame took too long")

    def _give_up(self, code: CloseCode, reason: str) -> None:
        self.conn.fail(code, reason)
        self.handle_parser_exception()
        self.frames = []
        self._fragments = 0
        self._keep(0)

    def _refuse_head(self, error: Exception) -> None:
        self.handshake_initiated = self.handshake_complete = self.close_sent = True
        status, detail = HTTPStatus.BAD_REQUEST, "not a WebSocket handshake"
        if isinstance(error.__cause__, SecurityError):
            status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            detail = f"at most {MAX_NUM_HEADERS} headers, and {MAX_LINE_LENGTH} bytes a line"
        body = json.dumps({"detail": detail}).encode()
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()


def bounded(settings: EdgeSettings) -> type[BoundedProtocol]:
    """The class for a server with these settings."""

    class Protocol(BoundedProtocol):
        patience = settings.message_timeout
        most = settings.unfinished_per_address
        unfinished: ClassVar[Counter[str]] = Counter()

    return Protocol
