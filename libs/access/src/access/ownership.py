"""Conversations that belong to somebody: a log that shows them to nobody else."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

from access.visitor import VISITOR
from chassis.logs import CONVERSATION
from contracts.envelope import Envelope, Recorded
from contracts.events import ConversationStarted, NamespaceClaimed, VoiceSessionClaimed
from contracts.subjects import STORE_PREFIX
from eventlog.ports import Log, LogState, TooMuch

FOR_EVERY_PAGE: Final = "quote-engine"
CLAIMED_BY = VoiceSessionClaimed | NamespaceClaimed | ConversationStarted
"""The events by which a conversation gets an owner."""


class NotYours(Exception):
    """The conversation belongs to somebody else."""

    def __init__(self) -> None:
        super().__init__("this conversation belongs to another user")


class TooManyConversations(TooMuch):
    """The API key has begun too many conversations of late."""


def count_beginning() -> None:
    """Count a conversation that begins for the visitor, by whichever service.

    Raises:
        TooManyConversations: if it has begun too many.
    """
    visitor = VISITOR.get()
    if visitor and visitor.beginnings and not visitor.beginnings.try_take():
        raise TooManyConversations("too many new conversations; try again in a minute")


async def owner_of(log: Log, conversation: str) -> str | None:
    """The user a conversation belongs to; None where anyone may reach it, as one that does not exist."""
    newest = await log.last(conversation, "conversation.>")
    if newest is None or not isinstance(newest.event, ConversationStarted):
        return None
    if newest.event.owner is not None:
        return newest.event.owner
    kind = NamespaceClaimed if conversation.startswith(STORE_PREFIX) else VoiceSessionClaimed
    claim = await log.last(conversation, kind.type)
    if claim is None or claim.sequence < newest.sequence or not isinstance(claim.event, CLAIMED_BY):
        return None
    return claim.event.owner


async def _is_for_every_page(log: Log, conversation: str) -> bool:
    """Whether pages of any origin may reach a conversation: those of the quote protocol, and none yet."""
    newest = await log.last(conversation, ConversationStarted.type)
    start = newest.event if newest else None
    return not isinstance(start, ConversationStarted) or start.responder_name == FOR_EVERY_PAGE


class GuardedLog:
    """A `ports.Log` for an edge's endpoints: the visitor reaches only what it may.

    Every method raises `NotYours` for a conversation that belongs to another user, and `TooManyConversations`
    for one too many begun.
    """

    def __init__(self, log: Log) -> None:
        self._log = log

    async def check(self, conversation: str) -> None:
        """Make sure that the visitor may reach a conversation.

        Raises:
            NotYours: if it may not.
            Unavailable: if that cannot be found out.
        """
        CONVERSATION.set(conversation)
        visitor = VISITOR.get()
        if visitor is None or conversation in visitor.reached:
            return
        owner = await owner_of(self._log, conversation)
        if owner is not None and owner != await visitor.user():
            raise NotYours
        if visitor.foreign and not await _is_for_every_page(self._log, conversation):
            raise NotYours
        visitor.reached.add(conversation)

    async def append(self, envelopes: Sequence[Envelope], *, expected: int) -> tuple[Recorded, ...]:
        """See `ports.Log.append`."""
        await self.check(envelopes[0].conversation)
        if any(isinstance(envelope.event, ConversationStarted) for envelope in envelopes):
            count_beginning()
        return await self._log.append(envelopes, expected=expected)

    async def tail(self, conversation: str) -> int:
        """See `ports.Log.tail`."""
        await self.check(conversation)
        return await self._log.tail(conversation)

    async def last(self, conversation: str, pattern: str) -> Recorded | None:
        """See `ports.Log.last`."""
        await self.check(conversation)
        return await self._log.last(conversation, pattern)

    async def next(self, conversation: str, pattern: str, *, after: int) -> Recorded | None:
        """See `ports.Log.next`."""
        await self.check(conversation)
        return await self._log.next(conversation, pattern, after=after)

    async def count(self, conversation: str, pattern: str, *, after: int) -> int:
        """See `ports.Log.count`."""
        await self.check(conversation)
        return await self._log.count(conversation, pattern, after=after)

    async def read(
        self, conversation: str, *, after: int = 0, until: int | None = None, pattern: str = ">"
    ) -> AsyncIterator[Recorded]:
        """See `ports.Log.read`."""
        await self.check(conversation)
        async for event in self._log.read(conversation, after=after, until=until, pattern=pattern):
            yield event

    @asynccontextmanager
    async def follow(self, conversation: str, *, after: int) -> AsyncIterator[AsyncIterator[Recorded]]:
        """See `ports.Log.follow`."""
        await self.check(conversation)
        async with self._log.follow(conversation, after=after) as events:
            yield events

    def follow_all(
        self, *, after: int, limit: int = 500
    ) -> AbstractAsyncContextManager[AsyncIterator[Sequence[Recorded]]]:
        """See `ports.Log.follow_all`; only the edge's own tasks may."""
        if VISITOR.get() is not None:
            raise NotYours
        return self._log.follow_all(after=after, limit=limit)

    @property
    def streams(self) -> int:
        """See `ports.Log`."""
        return self._log.streams

    async def position(self, stream: int = 0) -> int:
        """See `ports.Log.position`."""
        return await self._log.position(stream)

    async def positions(self) -> tuple[int, ...]:
        """See `ports.Log.positions`."""
        return await self._log.positions()

    async def state(self, stream: int = 0) -> LogState:
        """See `ports.Log.state`."""
        return await self._log.state(stream)

    async def id_at(self, sequence: int) -> str | None:
        """Of no visitor's business: it tells nobody's conversation apart.

        Raises:
            NotYours: always.
        """
        raise NotYours
