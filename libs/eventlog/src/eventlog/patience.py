"""How followers sit out a log that does not answer for a while: a restart, an election, a cut connection."""

import asyncio

from chassis.backoff import delays
from eventlog.ports import Unavailable


class Patience:
    """Back-offs from the first of several failures in a row, up to a limit in seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until: float | None = None
        self._backoff = delays()

    async def wait(self, error: Unavailable) -> None:
        """Wait before it is tried again.

        Raises:
            Unavailable: the error itself, once the limit is reached.
        """
        now = asyncio.get_running_loop().time()
        if self._until is None:
            self._until, self._backoff = now + self._seconds, delays()
        if now >= self._until:
            raise error
        await asyncio.sleep(next(self._backoff))

    def restore(self) -> None:
        """It has answered."""
        self._until = None
