"""After an upgrade: two transports, each writing what the other reads, as fast as the slower one takes it."""

import asyncio

from parley.front_door.door import Connection

CLOSING_SECONDS = 30.0


class Splice(asyncio.Protocol):
    """The protocol of one of the two transports; `peer` is the other one."""

    deadline = float("inf")  # the edges ping their clients; nothing idles here without their will

    def __init__(
        self, transport: asyncio.Transport, peer: asyncio.Transport, connections: set[Connection]
    ) -> None:
        self._transport = transport
        self._peer = peer
        self._connections = connections
        self._ended = False
        connections.add(self)

    def data_received(self, data: bytes) -> None:
        """Pass bytes on."""
        self._peer.write(data)

    def pause_writing(self) -> None:
        """This side is slow: stop reading the other."""
        if not self._peer.is_closing():
            self._peer.pause_reading()

    def resume_writing(self) -> None:
        """This side has caught up."""
        if not self._peer.is_closing():
            self._peer.resume_reading()

    def eof_received(self) -> bool:
        """One direction is over; the other may go on."""
        self._ended = True
        if not self._peer.is_closing():
            self._peer.write_eof()
        other = self._peer.get_protocol()
        return not (isinstance(other, Splice) and other._ended)

    def connection_lost(self, exc: Exception | None) -> None:
        """Close the other side too; what it was sent gets a while to arrive."""
        self._connections.discard(self)
        if exc is not None:
            self._peer.abort()
        elif not self._peer.is_closing():
            self._peer.close()
            asyncio.get_running_loop().call_later(CLOSING_SECONDS, self._peer.abort)

    def expire(self) -> None:
        """Never: there is no deadline."""

    def drain(self) -> None:
        """The edges end their connections themselves, with a close frame."""

    def abort(self) -> None:
        """Cut both sides."""
        self._transport.abort()
        self._peer.abort()
