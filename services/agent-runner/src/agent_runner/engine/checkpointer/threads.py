"""Threads as the log has them, with the newest of each conversation remembered."""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Sequence

from agent_runner.engine.checkpointer.thread import Thread
from contracts.envelope import Recorded
from contracts.events import CheckpointSaved, ConversationDeleted, Event, NodeCompleted
from contracts.events.checkpoint import ROOT
from eventlog.ports import Log

_SAVED_OF_ROOT = f"{CheckpointSaved.type}.{ROOT}"
_COMPLETED_WITH_ROOT = f"{NodeCompleted.type}.{ROOT}"


def told(event: Event) -> Iterable[Event]:
    """What an event tells of a thread: the checkpoints and writes it carries, or itself."""
    return (*event.checkpoints, *event.writes) if isinstance(event, NodeCompleted) else (event,)


class Threads:
    """Reads threads from the log; keeps the most recently used ones."""

    def __init__(self, log: Log, limit: int) -> None:
        self._log = log
        self._limit = limit
        self._threads: OrderedDict[str, Thread] = OrderedDict()

    def cached(self, conversation: str) -> Thread | None:
        """The thread as it was when last seen."""
        thread = self._threads.get(conversation)
        if thread:
            self._threads.move_to_end(conversation)
        return thread

    def keep(self, conversation: str, thread: Thread) -> None:
        """Remember a thread; forget the one not used for longest when there are too many."""
        self._threads[conversation] = thread
        self._threads.move_to_end(conversation)
        while len(self._threads) > self._limit:
            self._threads.popitem(last=False)

    def forget(self, conversation: str) -> None:
        """Read the thread anew the next time."""
        self._threads.pop(conversation, None)

    async def current(self, conversation: str) -> Thread:
        """The thread up to the log's tail, from where its newest state can be read.

        Costs one look at the tail when nothing was appended, and else a read of what was.
        """
        tail = await self._log.tail(conversation)
        thread = self.cached(conversation)
        if thread and thread.tail == tail:
            return thread
        cut, newest = await asyncio.gather(
            self._cut(conversation), self._log.last(conversation, "conversation.>")
        )
        began = newest.sequence if newest else 0  # again, where it was deleted or archived meanwhile
        if thread is None or max(cut, began) > thread.tail or tail < thread.tail:
            thread = await self._from_newest(conversation, cut)
        await self._read(conversation, thread, tail)
        self.keep(conversation, thread)
        return thread

    async def whole(self, conversation: str) -> Thread:
        """The thread with everything that ever was in it, since the conversation was last deleted."""
        tail = await self._log.tail(conversation)
        thread = Thread(start=await self._cut(conversation) + 1, whole=True)
        await self._read(conversation, thread, tail)
        return thread

    async def _cut(self, conversation: str) -> int:
        deleted = await self._log.last(conversation, ConversationDeleted.type)
        return deleted.sequence if deleted else 0

    async def _from_newest(self, conversation: str, cut: int) -> Thread:
        found = await asyncio.gather(
            self._log.last(conversation, _SAVED_OF_ROOT), self._log.last(conversation, _COMPLETED_WITH_ROOT)
        )
        newest = max((event for event in found if event), key=lambda event: event.sequence, default=None)
        if newest is None or newest.sequence <= cut:
            return Thread(start=cut + 1, whole=True)
        saved = [event for event in told(newest.event) if isinstance(event, CheckpointSaved)]
        start = max(next(event.base for event in reversed(saved) if not event.namespace), cut + 1)
        return Thread(start=start, whole=start == cut + 1)

    async def _read(self, conversation: str, thread: Thread, tail: int) -> None:
        after = max(thread.start - 1, thread.tail)
        async for recorded in self._log.read(conversation, after=after, until=tail):
            for event in told(recorded.event):
                thread.apply(event, recorded.sequence)
        thread.tail = max(thread.tail, tail)


def advance(thread: Thread, recorded: Sequence[Recorded]) -> None:
    """Move a thread's tail over events that it holds already, where nothing unseen lies between."""
    for event in recorded:
        if event.previous == thread.tail:
            thread.tail = event.sequence


def catch_up(thread: Thread, recorded: Sequence[Recorded]) -> None:
    """Take in what was committed while a thread was read, as far as it has not seen it."""
    for each in recorded:
        if each.sequence > thread.tail:
            for event in told(each.event):
                thread.apply(event, each.sequence)
    advance(thread, recorded)


def changes_thread(event: Event) -> bool:
    """Whether an event is of checkpoints, or carries some, or begins or ends the conversation."""
    if isinstance(event, NodeCompleted):
        return bool(event.checkpoints or event.writes)
    return event.type.startswith(("checkpoint.", "conversation."))
