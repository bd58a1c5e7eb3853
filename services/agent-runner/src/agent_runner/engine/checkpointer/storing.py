"""How what is decided about a thread gets into the log: behind its end, or decided anew."""

from collections.abc import Callable

from agent_runner.engine.checkpointer.settings import CheckpointSettings
from agent_runner.engine.checkpointer.staging import Stage
from agent_runner.engine.checkpointer.thread import Thread
from agent_runner.engine.checkpointer.threads import Threads
from contracts.events import CheckpointSaved, Event
from eventlog.author import Author
from eventlog.ports import Conflict, Log, LogError, Unavailable


class Storing:
    """Appends to conversations, or adds to their stages."""

    def __init__(self, log: Log, author: Author, threads: Threads, settings: CheckpointSettings) -> None:
        self._log = log
        self._author = author
        self._threads = threads
        self._settings = settings

    def stage(self, stage: Stage, thread: Thread, decide: Callable[[Thread], Event | None]) -> Thread:
        """Hold back what is decided, and take it into the thread, which is returned."""
        if event := decide(thread):
            stage.add(event)
            self._take_in(thread, event, thread.tail + 1)
        return thread

    async def append(self, conversation: str, decide: Callable[[Thread], Event | None]) -> Thread:
        """Append what is decided, and take it into the thread, which is returned.

        Raises:
            LogError: if it could not be appended.
        """
        thread = self._threads.cached(conversation) or await self._threads.current(conversation)
        for _ in range(self._settings.append_attempts):
            event = decide(thread)
            if event is None:
                return thread
            try:
                (recorded,) = await self._log.append(
                    [self._author.envelope(conversation, event)], expected=thread.tail
                )
            except Conflict:
                thread = await self._threads.current(conversation)
            except LogError:
                self._threads.forget(conversation)
                raise
            else:
                thread.tail = recorded.sequence
                self._take_in(thread, event, recorded.sequence)
                return thread
        raise Unavailable(f"conversation {conversation!r} is too busy to append a checkpoint")

    def _take_in(self, thread: Thread, event: Event, position: int) -> None:
        """Apply an event, and let go of what lies far behind the newest state of the root."""
        thread.apply(event, position)
        if isinstance(event, CheckpointSaved) and not event.namespace:
            superfluous = thread.count_since(thread.start) - thread.count_since(event.base)
            if superfluous > self._settings.snapshot_after:
                thread.trim(event.base)
