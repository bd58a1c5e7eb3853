"""Frames for one client, of which all that are ready in a turn of the event loop leave together.

A write a frame, with what the server does for each, costs more than all else that is done for a token.
"""

import asyncio
from typing import Final

from anyio.streams.memory import MemoryObjectSendStream

MOST: Final = 1 << 16
"""Bytes that wait for a client who does not read; the sender waits then as well."""


class Gathering:
    """Stands before a channel. Nothing waits for more to come."""

    __slots__ = ("_due", "_outgoing", "_room", "_size", "_written")

    def __init__(self, outgoing: MemoryObjectSendStream[bytes]) -> None:
        self._outgoing = outgoing
        self._written: list[bytes] = []
        self._size = 0
        self._due = asyncio.Event()
        self._room = asyncio.Event()

    async def send(self, frame: bytes) -> None:
        """Let a frame leave behind this turn of the loop."""
        while self._size > MOST:
            self._room.clear()
            await self._room.wait()
        self._written.append(frame)
        self._size += len(frame)
        self._due.set()

    async def flush(self) -> None:
        """Hand on what is there."""
        while self._written:
            written, self._written, self._size = self._written, [], 0
            self._room.set()
            await self._outgoing.send(b"".join(written))

    async def pass_on(self) -> None:
        """Hand on what comes, for ever."""
        while True:
            await self._due.wait()
            self._due.clear()
            await self.flush()
