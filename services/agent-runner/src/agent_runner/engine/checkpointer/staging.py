"""Checkpoints and writes of a run, held back until the run loop commits them with the step's outcome."""

import asyncio
from collections.abc import Sequence

from agent_runner.engine.checkpointer.thread import PendingWrite, TaskIndex, Thread, as_tasks, as_writes
from agent_runner.engine.checkpointer.threads import advance, told
from contracts.envelope import Recorded
from contracts.events import CheckpointSaved, Event, WritesSaved


class Stage:
    """What a run has stored and not yet committed; its own reads see it, nobody else's do."""

    def __init__(self, conversation: str, tail: int | None) -> None:
        """`tail`: the conversation's last sequence where the run knows it, to save a look at the log."""
        self.conversation = conversation
        self.tail = tail
        self.thread: Thread | None = None
        self._checkpoints: dict[str, CheckpointSaved] = {}
        self._writes: dict[tuple[str, str], dict[TaskIndex, PendingWrite]] = {}
        self._taken: list[CheckpointSaved | WritesSaved] = []
        self._known: set[str] = set()
        self._added = asyncio.Event()

    def add(self, event: Event) -> None:
        """Hold a checkpoint until it is taken, or writes until the checkpoint after them is."""
        match event:
            case CheckpointSaved():
                self._checkpoints[event.checkpoint_id] = event
                self._known.add(event.checkpoint_id)
                self._added.set()
            case WritesSaved():
                writes = self._writes.setdefault((event.namespace, event.checkpoint_id), {})
                writes.update(as_writes(event.tasks))
            case _:
                raise TypeError(f"cannot stage {event.type}")

    def read(self, checkpoint_id: str) -> None:
        """Learn that the graph has a checkpoint that it did not make."""
        self._known.add(checkpoint_id)

    async def take(self, checkpoint_id: str, timeout: float) -> tuple[CheckpointSaved, ...]:
        """The events up to a checkpoint, with the writes that led to it; to be committed in this order.

        Nothing if the graph announces a checkpoint that it has read and not made.

        Args:
            timeout: seconds to wait until the graph has stored it.

        Raises:
            TimeoutError: if it was not stored in time.
        """
        async with asyncio.timeout(timeout):
            while checkpoint_id not in self._known:
                self._added.clear()
                await self._added.wait()
        if checkpoint_id not in self._checkpoints:
            return ()
        taken: list[CheckpointSaved] = []
        for identity in tuple(self._checkpoints):
            taken.append(self._take(self._checkpoints.pop(identity)))
            if identity == checkpoint_id:
                break
        return tuple(taken)

    def leftovers(self) -> tuple[Event, ...]:
        """What no `take` has given out: checkpoints, and writes without a checkpoint after them."""
        checkpoints = tuple(
            self._take(self._checkpoints.pop(identity)) for identity in tuple(self._checkpoints)
        )
        writes = tuple(
            WritesSaved(namespace=namespace, checkpoint_id=checkpoint_id, tasks=as_tasks(pending))
            for (namespace, checkpoint_id), pending in self._writes.items()
        )
        self._writes.clear()
        self._taken += writes
        return (*checkpoints, *writes)

    def committed(self, recorded: Sequence[Recorded]) -> None:
        """Learn what is in the log now; events of others among them do no harm."""
        done = {id(event) for each in recorded for event in told(each.event)}
        self._taken = [event for event in self._taken if id(event) not in done]
        if self.thread:
            advance(self.thread, recorded)

    @property
    def is_clean(self) -> bool:
        """Whether everything staged is in the log."""
        return not (self._checkpoints or self._writes or self._taken)

    def replay_onto(self, thread: Thread) -> None:
        """Put what is staged on top of a thread that was read from the log."""
        for event in (*self._taken, *self._checkpoints.values()):
            thread.apply(event, thread.tail + 1)
        for (namespace, checkpoint_id), writes in self._writes.items():
            event = WritesSaved(namespace=namespace, checkpoint_id=checkpoint_id, tasks=as_tasks(writes))
            thread.apply(event, thread.tail + 1)

    def _take(self, event: CheckpointSaved) -> CheckpointSaved:
        writes = self._writes.pop((event.namespace, event.parent_id or ""), {})
        if writes:
            event = event.model_copy(update={"parent_writes": as_tasks(writes)})
        self._taken.append(event)
        return event
