"""What history-store knows of a user's quotations."""

import asyncio
import logging
from collections.abc import Collection
from typing import Final

from contracts.queries import QUOTATIONS, Quotations, QuotationsQuery
from eventlog.broker import Broker
from eventlog.ports import Log, LogError
from eventlog.query import ask

logger = logging.getLogger(__name__)

LAST: Final = 10
PAUSE_SECONDS: Final = 0.25


class HistoryMemory:
    """A `ports.Memory` over a query."""

    def __init__(self, broker: Broker, log: Log, patience: float) -> None:
        """`patience` is how many seconds history-store has, with all repetitions."""
        self._broker = broker
        self._log = log
        self._patience = patience

    async def last_quotations(self, user_id: str) -> Collection[str]:
        """See `ports.Memory.last_quotations`."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._patience
        query = QuotationsQuery(user_id=user_id, limit=LAST, at_least=await self._log.positions())
        while (left := deadline - loop.time()) > 0:
            try:
                found = await ask(self._broker, QUOTATIONS, query, Quotations, timeout_seconds=left)
            except LogError as error:
                logger.info("asking history-store again: %s", error)
                await asyncio.sleep(min(PAUSE_SECONDS, left))
            else:
                return found.quote_ids
        # A user who waits for comfort gets a quotation, though it may be one they know.
        logger.warning("history-store did not tell the last quotations in %s s", self._patience)
        return ()
