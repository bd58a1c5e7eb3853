"""Notices that somebody else added or removed rows, at a cost that does not grow with what is kept."""

import asyncio
from typing import Final

from history_store.store import Store

COUNT_SECONDS: Final = 60.0
"""How often the rows are counted at most: all of them are read for it."""
SHARE: Final = 0.002
"""Of the time, that counting may take: the more rows there are, the less often they are counted."""


class Counting:
    """Looks each time which tables have rows, which is cheap, and counts where that or the clock asks."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._clock = asyncio.get_running_loop().time
        self._due = self._clock() + COUNT_SECONDS
        self._filled: frozenset[str] = frozenset()

    async def complaint(self, *, at_once: bool) -> str | None:
        """What is wrong with the number of rows, where it was counted now.

        Args:
            at_once: count, whatever the clock says.

        Raises:
            Moved: if the tables now belong to another release.
        """
        had, self._filled = self._filled, await self._store.filled()
        if not (at_once or had - self._filled or self._clock() > self._due):
            return None
        began = self._clock()
        found = await self._store.miscounted()
        self._due = self._clock() + max(COUNT_SECONDS, (self._clock() - began) / SHARE)
        return found
