"""Which messages are answered, and when: one at a time in a conversation, in the order of the log.

A delivery means that its conversation has work. One that comes while an earlier message is unanswered is
not needed: whoever answers that goes on with what waits behind it, and keeps its own delivery until nothing
does. So there is always a delivery open for a conversation with work, of its oldest unanswered message or
of one that was answered before it; who dies is replaced by whom that is delivered to next. Who was replaced
and does not know it yet finds that in the log, and leaves such a delivery to be made again.
"""

import asyncio
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sized
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, Generic, Protocol, TypeVar

from contracts.envelope import Recorded
from contracts.events import Unrecognized
from eventlog.ports import Full, Log, Unavailable
from eventlog.turns.journal import ConversationGone, Superseded
from eventlog.turns.progress import Turn

REMEMBERED_CONVERSATIONS: Final = 4096


class Memory(Protocol):
    """What a process remembers of a conversation.

    Attributes:
        waiting: what is known to wait behind the message that was answered last.
    """

    @property
    def waiting(self) -> Sized: ...

    def knows(self, run: Recorded) -> bool:
        """Whether an event of a run is no news: it was written here, or before the message was taken up."""
        ...


MemoryT = TypeVar("MemoryT", bound=Memory)


@dataclass(slots=True)
class _Remembered(Generic[MemoryT]):
    """Attributes:
    delivered: the message by whose delivery the conversation is being answered here, if it is.
    head: the message that is being answered, which may have waited behind that one.
    covered: messages that came meanwhile and whose deliveries were not needed.
    """

    memory: MemoryT
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    delivered: int | None = None
    head: int = 0
    covered: set[int] = field(default_factory=set)


class Unanswered(Exception):
    """A message could not be answered; the cause is why.

    Attributes:
        work: that message, which may be another one than was delivered.
    """

    def __init__(self, work: Recorded) -> None:
        super().__init__(f"message {work.sequence}")
        self.work = work


class Stopped(Exception):
    """This process answers nothing more, and something waits."""


class DeadLetterBox(Protocol):
    """Takes what could not be answered."""

    async def put(self, work: Recorded, reason: str) -> None:
        """Keep the message as a dead letter."""
        ...


@contextmanager
def _answering(work: Recorded) -> Iterator[None]:
    """What is raised within is said of this message, unless it is no fault of the message."""
    try:
        yield
    except (Superseded, Unavailable, Full):
        raise
    except Exception as error:
        raise Unanswered(work) from error


def _nothing() -> None:
    """Nobody wants to know."""


class Responder(ABC, Generic[MemoryT]):
    """Answers messages; any number of processes may have one."""

    def __init__(self, log: Log, remember: Callable[[], MemoryT], *, concurrent: int) -> None:
        """`remember` makes the memory of a conversation of which nothing is known; at most `concurrent`
        messages are answered at once, those of different conversations by turns."""
        self._log = log
        self._remember = remember
        self._slots = asyncio.Semaphore(concurrent)
        self._stopping = False
        self._conversations: OrderedDict[str, _Remembered[MemoryT]] = OrderedDict()

    @property
    def heads(self) -> dict[str, int]:
        """The conversations that are being answered here, and which message of each, by its sequence."""
        return {key: each.head for key, each in self._conversations.items() if each.delivered is not None}

    def stop(self) -> None:
        """Finish what is being answered, and begin nothing more."""
        self._stopping = True

    async def answer(
        self, work: Recorded, again: bool = False, *, goes_on: Callable[[], None] = _nothing
    ) -> bool:
        """See to it that a message, and what waits behind it, is answered.

        Args:
            again: it was delivered before, so what is remembered of its conversation may be old, and
                whoever answered on behalf of it may be gone.
            goes_on: called when the message itself is answered and others wait behind it.

        Returns:
            Whether the delivery is not needed any more.

        Raises:
            journal.Superseded: if another process has taken the conversation over.
            Unanswered: if a message cannot be answered.
            Unavailable: if the log cannot be reached.
            Full: if the log takes no more.
            Stopped: after `stop`, while something waits.
        """
        conversation = self._remembered(work.conversation)
        if conversation.delivered not in (None, work.sequence) and not isinstance(work.event, Unrecognized):
            conversation.covered.add(work.sequence)
            return await self._is_had(conversation, work.conversation)
        async with conversation.lock:
            conversation.delivered = conversation.head = work.sequence
            conversation.covered.clear()
            try:
                return await self._drain(conversation, work, again, goes_on)
            finally:
                conversation.delivered = None

    async def _is_had(self, conversation: _Remembered[MemoryT], key: str) -> bool:
        """Whether this process still has the conversation. Who takes it over later finds what came before."""
        memory = conversation.memory
        newest = await self._log.last(key, "run.>")
        return newest is None or memory.knows(newest)

    async def _drain(
        self, conversation: _Remembered[MemoryT], work: Recorded, again: bool, goes_on: Callable[[], None]
    ) -> bool:
        if again:
            conversation.memory = self._remember()
        with _answering(work):
            turn = await self._turn(conversation.memory, work)
        if turn is Turn.WAIT:
            return not isinstance(work.event, Unrecognized)  # which is open until it is answered or given up
        look = again
        if turn is Turn.MINE:
            look |= await self._answered(conversation, work, again)
        while look or conversation.covered or conversation.memory.waiting:
            covered = conversation.covered.copy()
            head = await self._next(conversation.memory, work.conversation)
            look = False
            if head is None:
                conversation.covered -= covered
                continue
            if isinstance(head.event, Unrecognized):
                return True  # its own delivery is open
            if self._stopping:
                raise Stopped
            goes_on()
            look = await self._answered(conversation, head, again)
        return True

    async def _answered(self, conversation: _Remembered[MemoryT], work: Recorded, again: bool) -> bool:
        """Answer a message; whether it has to be looked for what is next, whatever is known of it."""
        conversation.head = work.sequence
        async with self._slots:
            try:
                with _answering(work):
                    await self._run(conversation.memory, work, again)
            except ConversationGone:
                conversation.memory = self._remember()
                return True
            except Exception:
                conversation.memory = self._remember()
                raise
        conversation.covered = {each for each in conversation.covered if each > work.sequence}
        return False

    @abstractmethod
    async def _turn(self, memory: MemoryT, work: Recorded) -> Turn:
        """Decide what to do with a message, from memory where it suffices, else from the log."""

    @abstractmethod
    async def _next(self, memory: MemoryT, conversation: str) -> Recorded | None:
        """The oldest message that is not answered; None if all are, and then nothing is left waiting."""

    @abstractmethod
    async def _run(self, memory: MemoryT, work: Recorded, again: bool) -> None:
        """Answer a message whose turn it is, which may have been begun before if it is done `again`."""

    def _remembered(self, key: str) -> _Remembered[MemoryT]:
        conversation = self._conversations.setdefault(key, _Remembered(self._remember()))
        self._conversations.move_to_end(key)
        while len(self._conversations) > REMEMBERED_CONVERSATIONS:
            oldest = next((each for each, known in self._conversations.items() if _is_idle(known)), key)
            if oldest == key:
                break
            del self._conversations[oldest]
        return conversation


def _is_idle(conversation: _Remembered[MemoryT]) -> bool:
    return conversation.delivered is None and not conversation.lock.locked()
