"""Frames for one client, of which all that are ready in a turn of the event loop leave together.

A write a frame, with what the server does for each, costs more than all else that is done for a token.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

MOST: Final = 1 << 16
"""Bytes that wait for a client who does not read; the sender waits then as well."""


class Gathering:
    """Takes frames, and gives those that wait as one piece. Nothing waits for more to come."""

    __slots__ = ("_due", "_ended", "_room", "_size", "_waiting")

    def __init__(self) -> None:
        self._waiting: list[bytes] = []
        self._size = 0
        self._due = asyncio.Event()
        self._room = asyncio.Event()
        self._ended = False

    async def send(self, frame: bytes) -> None:
        """Let a frame leave behind this turn of the loop."""
        while self._size > MOST:
            self._room.clear()
            await self._room.wait()
        self._waiting.append(frame)
        self._size += len(frame)
        self._due.set()

    def end(self) -> None:
        """No more is sent."""
        self._ended = True
        self._due.set()

    async def pieces(self) -> AsyncIterator[bytes]:
        """What was sent, until its end."""
        while not self._ended or self._waiting:
            await self._due.wait()
            self._due.clear()
            waiting, self._waiting, self._size = self._waiting, [], 0
            self._room.set()
            if waiting:
                yield b"".join(waiting)
