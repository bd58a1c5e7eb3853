"""One request at an edge: a connection of its own, whose response is passed on as it comes.

A connection a request keeps framing simple and a restarted edge invisible: there is no idle connection that
could turn out to be dead. It costs a local connect, about a tenth of a millisecond.
"""

import asyncio
from http import HTTPStatus
from typing import Protocol, cast

import httptools

from parley.front_door.messages import Headers, Refused, Request, chunk, response_head, values

BUFFER_BYTES = 64 * 1024


class Receiver(Protocol):
    """What an upstream connection needs of the client's."""

    transport: asyncio.Transport
    closing: bool

    def active(self) -> None:
        """Something moved."""

    def advance(self) -> None:
        """The upstream takes more of the body."""

    def response_finished(self, *, keep_alive: bool) -> None:
        """The whole response was passed on."""

    def response_failed(self, refused: Refused) -> None:
        """The edge broke off."""

    def switched(self, edge: asyncio.Transport, rest: bytes) -> None:
        """The edge agreed to the upgrade; its first bytes follow."""

    @property
    def half_closed(self) -> bool:
        """Whether the client sends nothing any more."""


class Upstream(asyncio.Protocol):
    """Relays one request's body to an edge and its response to the client."""

    def __init__(self, client: Receiver, request: Request) -> None:
        self._client = client
        self._request = request
        self._parser = httptools.HttpResponseParser(self)
        self._reason = b""
        self._headers: Headers = []
        self._status = 0
        self._chunked = False
        self._until_close = False
        self._keep_alive = False
        self._done = False
        self.began = False
        self.endless = False  # a response that goes on until somebody ends it, such as a stream of events
        self.writable = True
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ready to be written to."""
        self.transport = cast("asyncio.Transport", transport)
        self.transport.set_write_buffer_limits(BUFFER_BYTES)

    def pause_writing(self) -> None:
        """The edge takes no more of the body for now."""
        self.writable = False

    def resume_writing(self) -> None:
        """It does again."""
        self.writable = True
        self._client.advance()

    def data_received(self, data: bytes) -> None:
        """Parse and pass on."""
        self._client.active()
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            if self._status == HTTPStatus.SWITCHING_PROTOCOLS and self._request.upgrade:
                self._done = True
                self._client.switched(self.transport, data[upgrade.args[0] :])
            else:
                self._fail("the service answered with an upgrade nobody asked for")
        except httptools.HttpParserError as error:
            if not self._done:
                self._fail(f"the service's answer is not HTTP: {error}")

    def eof_received(self) -> None:
        """A response without a length ends here."""
        if self._until_close and self.began:
            self._finish()

    def connection_lost(self, exc: Exception | None) -> None:
        """Too early, unless the response was over."""
        if not self._done:
            self._fail("the service broke off")

    def abort(self) -> None:
        """The client is gone, or the request turned out bad."""
        self._done = True
        self.transport.abort()

    def on_message_begin(self) -> None:
        """Called by the parser: an interim response is followed by another head."""
        self._reason, self._headers = b"", []

    def on_status(self, reason: bytes) -> None:
        """Called by the parser."""
        self._reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called by the parser."""
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Called by the parser: the head goes to the client, with the framing its connection needs."""
        self._status = self._parser.get_status_code()
        if self._status == HTTPStatus.SWITCHING_PROTOCOLS:
            upgrade: Headers = [(b"Connection", b"Upgrade"), (b"Upgrade", b"websocket")]
            self._write(response_head(self._status, self._reason, self._headers, upgrade))
            return
        if self._status < HTTPStatus.OK:
            if self._request.version == "1.1":
                self._write(response_head(self._status, self._reason, self._headers, []))
            return
        self.began = True
        bodiless = self._request.method == b"HEAD" or self._status in (
            HTTPStatus.NO_CONTENT,
            HTTPStatus.NOT_MODIFIED,
        )
        self.endless = not bodiless and not values(self._headers, b"content-length")
        self._until_close = self.endless and not values(self._headers, b"transfer-encoding")
        self._chunked = self.endless and self._request.version == "1.1"
        self._keep_alive = (
            self._request.keep_alive
            and not self._client.closing
            and self._request.version == "1.1"
            and not self._request.upgrade
        )
        added: Headers = [(b"Transfer-Encoding", b"chunked")] if self._chunked else []
        added.append((b"Connection", b"keep-alive" if self._keep_alive else b"close"))
        self._write(response_head(self._status, self._reason, self._headers, added))
        if bodiless:
            self._finish()
        elif self.endless and self._client.half_closed:
            self._client.transport.abort()  # nobody is there to end a stream that has no end of its own

    def on_body(self, data: bytes) -> None:
        """Called by the parser."""
        if not self._done:
            self._write(chunk(data) if self._chunked else data)

    def on_message_complete(self) -> None:
        """Called by the parser, after interim responses too."""
        if self.began and not self._done:
            self._finish()

    def _finish(self) -> None:
        self._done = True
        self.transport.close()
        if self._chunked:
            self._write(b"0\r\n\r\n")
        self._client.response_finished(keep_alive=self._keep_alive)

    def _fail(self, detail: str) -> None:
        self._done = True
        self.transport.abort()
        self._client.response_failed(Refused(HTTPStatus.BAD_GATEWAY, detail))

    def _write(self, data: bytes) -> None:
        if not self._client.transport.is_closing():
            self._client.transport.write(data)
