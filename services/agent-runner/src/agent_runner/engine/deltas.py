"""The live deltas of one attempt at a run, numbered in the order in which they are sent."""

import asyncio
from collections import deque
from threading import get_ident
from typing import Any

from contracts.live import Delta
from eventlog.live import Live


class Deltas:
    """Takes deltas from any thread at once, and publishes them without waiting for anybody.

    Nothing leaves before `release`: an attempt speaks only once the log says that the run is its own, so
    the deltas of two runners never have the same numbers.
    """

    def __init__(
        self, live: Live, conversation: str, run_id: str, attempt: int, *, heard: bool = True
    ) -> None:
        """Where nobody listens, nothing is sent.

        Attributes:
            heard: whether anybody does.
        """
        self.heard = heard
        self._live = live
        self._conversation = conversation
        self._run_id = run_id
        self._attempt = attempt
        self._waiting: deque[tuple[str, Any]] = deque()
        self._loop = asyncio.get_running_loop()
        self._thread = get_ident()
        self._added = asyncio.Event()
        self._released = asyncio.Event()
        self._publishing = asyncio.Lock()
        self._published = 0

    @property
    def count(self) -> int:
        """How many have been sent."""
        return self._published + len(self._waiting)

    def send(self, kind: str, data: Any) -> None:
        """Take the next delta; `data` is JSON."""
        if not self.heard:
            return
        self._waiting.append((kind, data))
        if get_ident() == self._thread:
            self._added.set()
        else:
            self._loop.call_soon_threadsafe(self._added.set)

    def release(self) -> None:
        """Let the deltas go."""
        self._released.set()

    async def publish_as_sent(self) -> None:
        """Publish whenever there is something, until cancelled."""
        await self._released.wait()
        while True:
            await self._added.wait()
            self._added.clear()
            await self.flush()

    async def flush(self) -> None:
        """Publish everything sent so far; a delta whose publishing is cancelled is published again."""
        async with self._publishing:
            while self._waiting:
                kind, data = self._waiting[0]
                index = self._published
                delta = Delta(run_id=self._run_id, attempt=self._attempt, index=index, kind=kind, data=data)
                await self._live.publish(self._conversation, delta)
                self._waiting.popleft()
                self._published += 1
