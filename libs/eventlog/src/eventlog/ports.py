"""What a log promises, whoever implements it, and the errors it raises."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from contracts.envelope import Envelope, Recorded


class LogError(Exception):
    """The log could not do what was asked."""


class Conflict(LogError):
    """Somebody else appended to the conversation first; nothing was written.

    Attributes:
        tail: the conversation's last sequence as far as it is known.
    """

    def __init__(self, conversation: str, expected: int, tail: int) -> None:
        super().__init__(f"conversation {conversation!r}: expected last sequence {expected}, found {tail}")
        self.tail = tail


class Unavailable(LogError):
    """The log did not answer in time. Whether the append was stored is unknown; its ids are safe to retry."""


class Full(LogError):
    """The log has reached its size limit; nothing was written."""


class TooLarge(LogError):
    """An event exceeds what even the object store takes."""


@dataclass(frozen=True, slots=True)
class LogState:
    """Which log it is, and how far a stream of it has come.

    Attributes:
        made: when it was made; another log has another time, and one restored from a backup keeps it.
        last: the last sequence it has given, whether or not that event was erased since.
    """

    made: str
    last: int


class TooMuch(LogError):
    """More than is allowed; nothing was written. The text says of what, for whoever asked."""


class Log(Protocol):
    """An append-only log of events: streams, each one ordered sequence over its conversations (`sharding`).

    Attributes:
        streams: how many it has.
    """

    @property
    def streams(self) -> int: ...

    async def append(self, envelopes: Sequence[Envelope], *, expected: int) -> tuple[Recorded, ...]:
        """Append events of one conversation, all or none.

        Args:
            envelopes: at least one, all of the same conversation.
            expected: the conversation's last sequence as the caller knows it, 0 for none.

        Returns:
            The events as recorded, in order. The same envelopes appended again give the same answer.

        Raises:
            Conflict: if the conversation has moved on and these events are not in it.
            Unavailable: if the outcome could not be learnt in time.
            Full: if the log takes no more.
        """
        ...

    async def tail(self, conversation: str) -> int:
        """The last sequence of a conversation, 0 if it has none."""
        ...

    async def last(self, conversation: str, pattern: str) -> Recorded | None:
        """The newest event whose type (and tokens) fit `pattern`, such as ``run.>``."""
        ...

    async def next(self, conversation: str, pattern: str, *, after: int) -> Recorded | None:
        """The oldest event after a sequence whose type (and tokens) fit `pattern`."""
        ...

    async def count(self, conversation: str, pattern: str, *, after: int) -> int:
        """How many events after a sequence fit `pattern`; those of the last moment may be missing."""
        ...

    def read(
        self, conversation: str, *, after: int = 0, until: int | None = None, pattern: str = ">"
    ) -> AsyncIterator[Recorded]:
        """The stored events of a conversation in order.

        Args:
            after: begin behind this sequence.
            until: end with this sequence; None for the tail at the time of the call.
            pattern: only events whose type (and tokens) fit.
        """
        ...

    def follow(
        self, conversation: str, *, after: int
    ) -> AbstractAsyncContextManager[AsyncIterator[Recorded]]:
        """The events of a conversation behind a sequence, then each new one as it is stored; none twice,
        none missed."""
        ...

    def follow_all(
        self, *, after: int, limit: int = 500
    ) -> AbstractAsyncContextManager[AsyncIterator[Sequence[Recorded]]]:
        """All events behind a position in the stream it is of, then each new one; 1 to `limit` at a time."""
        ...

    async def position(self, stream: int = 0) -> int:
        """The sequence of the newest event of a stream, or that before its first."""
        ...

    async def positions(self) -> tuple[int, ...]:
        """The `position` of each stream."""
        ...

    async def state(self, stream: int = 0) -> LogState:
        """Which stream it is and how far it has come, as the leader has it."""
        ...

    async def id_at(self, sequence: int) -> str | None:
        """The id of the event at a sequence; None if there is none, or none any more."""
        ...
