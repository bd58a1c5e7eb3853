"""What all connections share: the way to the edges, who is connected, and the deadlines."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Protocol

from parley.front_door.messages import Refused
from parley.front_door.upstream import Upstream

CONNECT_SECONDS = 2.0
FIRST_PAUSE_SECONDS = 0.02
LONGEST_PAUSE_SECONDS = 0.2
SWEEP_SECONDS = 1.0


class Connection(Protocol):
    """What the door asks of a connection; `deadline` is in the event loop's time."""

    @property
    def deadline(self) -> float: ...

    def expire(self) -> None:
        """The deadline has passed."""

    def drain(self) -> None:
        """Close when it can be done without harm."""

    def abort(self) -> None:
        """Cut it."""


class Door:
    """The door between the public ports and the edges, which listen on ports of 127.0.0.1."""

    def __init__(self, *, websockets: int, requests: int) -> None:
        self._websockets = websockets
        self._requests = requests
        self.connections: set[Connection] = set()

    async def connect(self, make: Callable[[], Upstream], *, upgrade: bool) -> Upstream:
        """Connect to the edge for a request, trying again for a while when it is just restarting.

        Raises:
            Refused: 503 if the edge cannot be reached in time.
        """
        port, name = (self._websockets, "edge-ws") if upgrade else (self._requests, "edge-rest")
        loop = asyncio.get_running_loop()
        pause = FIRST_PAUSE_SECONDS
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                while True:
                    try:
                        _, upstream = await loop.create_connection(make, "127.0.0.1", port)
                    except OSError:
                        await asyncio.sleep(pause)
                        pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
                    else:
                        return upstream
        except TimeoutError:
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, f"{name} is not available, try again") from None

    async def sweep(self) -> None:
        """End connections past their deadline, for ever."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            now = loop.time()
            for connection in [each for each in self.connections if each.deadline < now]:
                connection.expire()

    async def drain(self, seconds: float) -> None:
        """Let what is under way end; cut what has not after a while."""
        for connection in tuple(self.connections):
            connection.drain()
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while self.connections and loop.time() < end:  # noqa: ASYNC110 - a last look round, once in a life
            await asyncio.sleep(FIRST_PAUSE_SECONDS)
        for connection in tuple(self.connections):
            connection.abort()
