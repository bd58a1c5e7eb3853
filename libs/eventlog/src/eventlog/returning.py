"""Has a conversation brought back from the archive when somebody asks how it stands."""

import asyncio
from typing import Final

from contracts import subjects
from contracts.envelope import TYPE
from contracts.events import ConversationArchived
from contracts.queries import RETURN, Return, Returned
from eventlog.archived import ArchiveIndex
from eventlog.broker import Broker
from eventlog.places import MORE, RESTORED
from eventlog.ports import Unavailable
from eventlog.query import Refused, ask
from eventlog.settings import NatsSettings
from eventlog.stored import LogReader, Stored

RECENTLY_SECONDS: Final = 30.0
"""How long it is known of a conversation that does not exist that it is not archived either: before one is,
it has been quiet for twice as long (`eventlog.admin.archive`)."""
RECENT: Final = 1024


class Returning:
    """Reads the newest events of conversations that may be archived."""

    def __init__(self, broker: Broker, settings: NatsSettings, log: LogReader) -> None:
        self._broker = broker
        self._log = log
        self._index = ArchiveIndex(broker.client, settings.request_timeout)
        self._patience = settings.append_deadline
        self._unknown: dict[str, float] = {}

    async def last(self, conversation: str, pattern: str) -> Stored | None:
        """The newest event that fits, once the conversation is brought back if it is archived.

        Raises:
            Unavailable: if it cannot be brought back now.
        """
        subject = subjects.event(conversation, pattern)
        reader = self._log.of(conversation)
        stored = await reader.last(subject)
        if stored and not _is_moving(stored):
            return stored
        if stored and pattern != ">":
            await self.last(conversation, ">")
            return await reader.last(subject)
        if stored is None and not await self._is_archived(conversation):
            return None
        await self._bring_back(conversation)
        if (stored := await reader.last(subject)) and pattern == ">" and _is_moving(stored):
            raise Unavailable(f"conversation {conversation!r} is not back from the archive yet")
        return stored

    async def _is_archived(self, conversation: str) -> bool:
        """Whether a conversation is archived that has no events here."""
        now = asyncio.get_running_loop().time()
        if self._unknown.get(conversation, -RECENTLY_SECONDS) > now - RECENTLY_SECONDS:
            return False
        if await self._index.find(conversation):
            return True
        while len(self._unknown) >= RECENT:
            del self._unknown[next(iter(self._unknown))]
        self._unknown.pop(conversation, None)
        self._unknown[conversation] = now
        return False

    async def _bring_back(self, conversation: str) -> None:
        question = Return(conversation=conversation)
        try:
            await ask(self._broker, RETURN, question, Returned, timeout_seconds=self._patience)
        except Refused as refused:
            raise Unavailable(f"conversation {conversation!r} cannot be brought back: {refused}") from refused


def _is_moving(newest: Stored) -> bool:
    """Whether more has to happen before anybody appends behind an event: it is on its way to the archive, or
    not all of its conversation is back."""
    return newest.headers.get(TYPE) == ConversationArchived.type or newest.headers.get(RESTORED) == MORE
