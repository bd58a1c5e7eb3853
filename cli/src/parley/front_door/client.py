"""One client connection: requests in, each sent to its edge in turn, responses out, until close or upgrade.

Memory is bounded: at most one read of the socket is kept while the edge or an earlier request is waited for,
then the socket is not read. Read :mod:`parley.front_door.upstream` for the other half.
"""

import asyncio
from http import HTTPStatus
from typing import cast

import httptools

from parley.front_door.door import Door
from parley.front_door.messages import HEAD_LIMIT, Refused, Request, chunk, error_response, too_large
from parley.front_door.splice import Splice
from parley.front_door.upstream import BUFFER_BYTES, Upstream

HEAD_SECONDS = 30.0
KEEP_ALIVE_SECONDS = 75.0
EXCHANGE_SECONDS = 600.0
HALF_CLOSED_SECONDS = 30.0
LINGER_SECONDS = 2.0
SLICE_BYTES = 16 * 1024


class Client(asyncio.Protocol):
    """The protocol of a client's transport until it upgrades."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._request = Request()  # the one being parsed
        self._in_head = False
        self._unfinished_head = 0
        self._queue: list[Request] = []  # in order; the first is being answered
        self._unread = memoryview(b"")
        self._upstream: Upstream | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._sealed = False  # nothing more is parsed: a refusal or an upgrade is the last request
        self._address = ""
        self.half_closed = False
        self.closing = False
        self.deadline = self._loop.time() + HEAD_SECONDS
        self.transport: asyncio.Transport

    # The transport's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has come."""
        self.transport = cast("asyncio.Transport", transport)
        self.transport.set_write_buffer_limits(BUFFER_BYTES)
        peer = transport.get_extra_info("peername")
        self._address = peer[0] if peer else "unknown"
        self._door.connections.add(self)

    def data_received(self, data: bytes) -> None:
        """Parse as far as it can be passed on."""
        self._unread = memoryview(bytes(self._unread) + data if self._unread else data)
        self.advance()

    def eof_received(self) -> bool:
        """The client sends no more. A response with an end is still finished, for a while."""
        self.half_closed = True
        if not self._queue or self.closing or (self._upstream and self._upstream.endless):
            return False
        self.deadline = self._loop.time() + HALF_CLOSED_SECONDS
        return True

    def pause_writing(self) -> None:
        """The client is slow: stop reading the edge."""
        if self._upstream and not self._upstream.transport.is_closing():
            self._upstream.transport.pause_reading()

    def resume_writing(self) -> None:
        """It has caught up."""
        if self._upstream and not self._upstream.transport.is_closing():
            self._upstream.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone: so is what it asked for."""
        self._door.connections.discard(self)
        self.closing = True
        if self._connecting:
            self._connecting.cancel()
        if self._upstream:
            self._upstream.abort()

    # The door's side

    def expire(self) -> None:
        """The deadline has passed."""
        if self._queue and not self.closing:
            self.response_failed(Refused(HTTPStatus.GATEWAY_TIMEOUT, "the service did not answer in time"))
        else:
            self.transport.abort()

    def drain(self) -> None:
        """Close when the exchange under way is over."""
        self.closing = True
        if not self._queue:
            self.transport.close()

    def abort(self) -> None:
        """Cut the connection."""
        self.transport.abort()

    # The parser's side

    def advance(self) -> None:
        """Parse and pass on what can be now, and read the socket only if all of it could."""
        while self._unread and not self._blocked():
            self._feed()
        self._send_body()
        if self.transport.is_closing():
            return
        if self.closing and not self._queue:  # lingering: what still comes is not wanted
            self._unread = memoryview(b"")
        if self._unread:
            self.transport.pause_reading()
        else:
            self.transport.resume_reading()

    def on_message_begin(self) -> None:
        """Called by the parser."""
        self._request = Request()
        self._in_head = True
        if not self._queue:
            self.deadline = self._loop.time() + HEAD_SECONDS

    def on_url(self, url: bytes) -> None:
        """Called by the parser."""
        self._request.target += url
        self._request.grow(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called by the parser."""
        self._request.headers.append((name, value))
        self._request.grow(len(name) + len(value) + 4)

    def on_headers_complete(self) -> None:
        """Called by the parser: the request takes its place in the queue."""
        request = self._request
        request.method = self._parser.get_method()
        request.version = self._parser.get_http_version()
        request.keep_alive = self._parser.should_keep_alive()
        request.judge(may_upgrade=self._parser.should_upgrade())
        self._in_head = False
        self._queue.append(request)
        if len(self._queue) == 1:
            self._begin()

    def on_body(self, data: bytes) -> None:
        """Called by the parser."""
        self._request.body.append(chunk(data) if self._request.chunked else data)

    def on_message_complete(self) -> None:
        """Called by the parser."""
        if self._request.chunked:
            self._request.body.append(b"0\r\n\r\n")
        self._request.complete = True

    # The edge's side

    def active(self) -> None:
        """Something moved."""
        if not self.half_closed:
            self.deadline = self._loop.time() + EXCHANGE_SECONDS

    def response_finished(self, *, keep_alive: bool) -> None:
        """The response is on its way; go on with the next request or close."""
        self._upstream = None
        request = self._queue.pop(0)
        if not request.complete:
            self._linger()
        elif not keep_alive or self.closing or (self.half_closed and not self._queue and not self._unread):
            self.transport.close()
        else:
            self.deadline = self._loop.time() + KEEP_ALIVE_SECONDS
            if self._queue:
                self._begin()
            self._loop.call_soon(self.advance)

    def response_failed(self, refused: Refused) -> None:
        """The active request ends with an error, as far as the client can still be told."""
        began = self._upstream is not None and self._upstream.began
        if self._upstream:
            self._upstream.abort()
            self._upstream = None
        if began:
            self.transport.abort()
            return
        request = self._queue.pop(0)
        self._queue.clear()
        self.transport.write(error_response(refused, body=request.method != b"HEAD"))
        self._linger()

    def switched(self, edge: asyncio.Transport, rest: bytes) -> None:
        """Become a splice with the edge's connection."""
        client = self.transport
        client.set_protocol(Splice(client, edge, self._door.connections))
        edge.set_protocol(Splice(edge, client, self._door.connections))
        self._door.connections.discard(self)
        edge.write(self._unread)
        client.write(rest)
        if self.half_closed:
            edge.write_eof()
        client.resume_reading()

    # Inside

    def _blocked(self) -> bool:
        if self._sealed or self.closing:
            return True
        if not self._queue:
            return False
        first = self._queue[0]
        return first.complete or len(self._queue) > 1 or not (self._upstream and self._upstream.writable)

    def _feed(self) -> None:
        piece, self._unread = self._unread[:SLICE_BYTES], self._unread[SLICE_BYTES:]
        was_in_head = self._in_head
        try:
            self._parser.feed_data(piece)
        except httptools.HttpParserUpgrade as upgrade:
            self._unread = memoryview(bytes(piece[upgrade.args[0] :]) + bytes(self._unread))
            self._sealed = self._request.upgrade
            self._parser = httptools.HttpRequestParser(
                self
            )  # another upgrade is declined by going on in HTTP
        except httptools.HttpParserError as error:
            refused = error.__context__
            self._refuse(
                refused
                if isinstance(refused, Refused)
                else Refused(HTTPStatus.BAD_REQUEST, f"not an HTTP request: {error}")
            )
        else:
            self._unfinished_head = self._unfinished_head + len(piece) if was_in_head and self._in_head else 0
            if self._unfinished_head > HEAD_LIMIT:
                self._refuse(too_large())

    def _refuse(self, refused: Refused) -> None:
        self._sealed = True
        self._unread = memoryview(b"")
        if self._in_head or not self._queue or self._queue[-1].complete:
            self._queue.append(self._request)
        bad = self._queue[-1]
        bad.refused = refused
        if bad is self._queue[0]:
            if self._connecting:
                self._connecting.cancel()
            self.response_failed(refused)

    def _begin(self) -> None:
        request = self._queue[0]
        if request.refused:
            self.response_failed(request.refused)
            return
        self.active()
        self._connecting = self._loop.create_task(self._connect(request))

    async def _connect(self, request: Request) -> None:
        try:
            self._upstream = await self._door.connect(
                lambda: Upstream(self, request), upgrade=request.upgrade
            )
        except Refused as refused:
            self._connecting = None
            self.response_failed(refused)
            return
        self._connecting = None
        self._upstream.transport.write(request.head(self._address))
        self.advance()

    def _send_body(self) -> None:
        if self._upstream and self._queue and self._queue[0].body:
            request = self._queue[0]
            self.active()
            self._upstream.transport.writelines(request.body)
            request.body.clear()

    def _linger(self) -> None:
        """Say that nothing more comes, and give the client a moment to read it before the connection goes.

        Closing with unread input would reset the connection and could take the answer away.
        """
        self.closing = True
        self._unread = memoryview(b"")
        self.deadline = self._loop.time() + LINGER_SECONDS
        if self.half_closed:
            self.transport.close()
        else:
            self.transport.write_eof()
            self.transport.resume_reading()
