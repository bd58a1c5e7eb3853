"""Which messages are answered, and when: one at a time in a conversation, in the order of the log."""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Generic, Protocol, TypeVar

from contracts.envelope import Recorded
from eventlog.ports import Log
from eventlog.turns.progress import Turn

logger = logging.getLogger(__name__)

REMEMBERED_CONVERSATIONS: Final = 4096
LOOK_AGAIN_SECONDS: Final = 30.0


class Memory(Protocol):
    """What a process remembers of a conversation.

    Attributes:
        tail: the sequence up to which it is known.
    """

    tail: int


MemoryT = TypeVar("MemoryT", bound=Memory)


@dataclass(slots=True)
class _Remembered(Generic[MemoryT]):
    memory: MemoryT
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Undertaker(Protocol):
    """Takes what could not be answered."""

    async def bury(self, work: Recorded, reason: str) -> None:
        """Keep the message as a dead letter."""
        ...


class Responder(ABC, Generic[MemoryT]):
    """Answers messages; any number of processes may have one."""

    def __init__(self, log: Log, remember: Callable[[], MemoryT], *, concurrent: int) -> None:
        """`remember` makes the memory of a conversation of which nothing is known; at most `concurrent`
        messages are answered at once."""
        self._log = log
        self._remember = remember
        self._slots = asyncio.Semaphore(concurrent)
        self._conversations: OrderedDict[str, _Remembered[MemoryT]] = OrderedDict()

    async def answer(self, work: Recorded, again: bool = False) -> None:
        """See to it that a message is answered; returns when it is, by whomever.

        Args:
            again: it was delivered before, so what is remembered of its conversation may be old.

        Raises:
            journal.Superseded: if another process has taken the message over.
            LogError: if the log cannot be reached.
        """
        conversation = self._remembered(work.conversation)
        while True:
            async with conversation.lock:
                if again:
                    conversation.memory = self._remember()
                turn = await self._turn(conversation.memory, work)
                if turn is Turn.MINE:
                    async with self._slots:
                        await self._run(conversation.memory, work)
                    return
            if turn is Turn.DONE:
                return
            await self._wait_for_news(work.conversation, conversation.memory.tail)

    @abstractmethod
    async def _turn(self, memory: MemoryT, work: Recorded) -> Turn:
        """Decide what to do with a message, from memory where it suffices, else from the log."""

    @abstractmethod
    async def _run(self, memory: MemoryT, work: Recorded) -> None:
        """Answer a message whose turn it is. Raises as `answer`."""

    def _remembered(self, key: str) -> _Remembered[MemoryT]:
        conversation = self._conversations.setdefault(key, _Remembered(self._remember()))
        self._conversations.move_to_end(key)
        while len(self._conversations) > REMEMBERED_CONVERSATIONS:
            self._conversations.popitem(last=False)
        return conversation

    async def _wait_for_news(self, key: str, after: int) -> None:
        """Until the conversation moves on, or long enough to look again."""
        try:
            async with asyncio.timeout(LOOK_AGAIN_SECONDS), self._log.follow(key, after=after) as events:
                await anext(events)
        except TimeoutError:
            logger.info("conversation %r: still waiting for an earlier message", key)
