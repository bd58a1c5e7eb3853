"""Checkpoints and writes of a run, held back until the run loop commits them with the step's outcome.

What a killed runner must not do again does not wait for that: the writes of a task beside which others run,
and the checkpoints of subgraphs, each behind everything that was held back before it. A checkpoint of the
root goes out only once the run loop has come to it: none is in the log without the step that led to it.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, NoReturn

from agent_runner.engine.checkpointer.thread import Thread
from agent_runner.engine.checkpointer.threads import advance, told
from agent_runner.engine.checkpointer.values import PendingWrite, TaskIndex, as_tasks, as_writes
from contracts.envelope import Recorded
from contracts.events import CheckpointSaved, CheckpointsRemoved, Event, WritesSaved

SHOW_SECONDS: Final = 0.25
_INPUT_TASK: Final = "00000000-0000-0000-0000-000000000000"
"""LangGraph's id of what a command writes; it comes again with the command."""
_START: Final = "~__pregel_pull, __start__"
"""The path of the hidden task that hands the input on, always alone."""
_CALL: Final = "~__pregel_push, ~"
"""How the path of a task begins that a node has called and waits for."""


class Stage:
    """What a run has stored and not yet committed; its own reads see it, nobody else's do."""

    def __init__(self, conversation: str, tail: int | None, emit: Callable[..., None] | None = None) -> None:
        """
        Args:
            tail: the conversation's last sequence where the run knows it, to save a look at the log.
            emit: takes the events that are to be committed at once; without it everything is held.
        """
        self.conversation = conversation
        self.tail = tail
        self.thread: Thread | None = None
        self._emit = emit
        self._checkpoints: dict[str, CheckpointSaved] = {}
        self._reached: list[CheckpointSaved] = []
        self._writes: dict[tuple[str, str], dict[TaskIndex, PendingWrite]] = {}
        self._behind: list[Event] = []
        """Writes that go out as soon as no checkpoint is held."""
        self._is_urgent = False
        self._given: list[Event] = []
        self._known: set[str] = set()
        self._running: dict[str, dict[str, str]] = {}
        """By namespace: the tasks of the super-step in progress, ids and names; the root's as the run loop
        has heard of them, which may be behind the graph."""
        self._added = asyncio.Event()
        self._failure: Exception | None = None
        self._is_stale = False
        self._watched: list[Recorded] | None = None

    def started(self, namespace: str, task_id: str, name: str) -> None:
        """Learn that a task of the super-step in progress begins."""
        self._running.setdefault(namespace, {})[task_id] = name

    def node_of(self, task_id: str) -> str | None:
        """The name of a task that began in this super-step."""
        return next((tasks[task_id] for tasks in self._running.values() if task_id in tasks), None)

    def add(self, event: Event) -> None:
        """Hold a checkpoint until it is taken, or writes until the checkpoint after them is; or send them."""
        match event:
            case CheckpointSaved():
                self._checkpoints[event.checkpoint_id] = event
                self._known.add(event.checkpoint_id)
                self._added.set()
                if event.namespace:
                    self._running.pop(event.namespace, None)
                    self._hurry()
            case WritesSaved():
                key = (event.namespace, event.checkpoint_id)
                self._writes.setdefault(key, {}).update(as_writes(event.tasks))
                self._added.set()
                if self._runs_beside_others(event):
                    self._hurry(*self._take_writes(key))
            case _:
                raise TypeError(f"cannot stage {event.type}")

    def is_alone(self, task_id: str) -> bool:
        """Whether no other task runs in the super-step of a task of the root."""
        return self._running.get("", {}).keys() == {task_id}

    def has_ended(self, task_id: str, namespace: str = "") -> bool:
        """Whether a task ended in an earlier attempt, so that it does not run again."""
        newest = self.thread and self.thread.newest(namespace)
        written = self.thread.writes(namespace, newest.checkpoint_id) if self.thread and newest else {}
        return any(written_by == task_id and index >= 0 for written_by, index in written)

    async def writes_of(self, task_id: str, timeout: float) -> tuple[WritesSaved, ...]:
        """What a task of the root has written, to be committed with what it came to.

        Args:
            timeout: seconds to wait until the graph has stored it.

        Raises:
            TimeoutError: if it was not stored in time.
        """
        await self._until(lambda: self._key_of(task_id), timeout)
        key = self._key_of(task_id)
        taken = self._take_writes(key, only=task_id) if key else []
        self._given += taken
        return tuple(taken)

    def read(self, checkpoint_id: str) -> None:
        """Learn that the graph has a checkpoint that it did not make."""
        self._known.add(checkpoint_id)

    def fail(self, error: Exception) -> None:
        """Let the run end with an error of the checkpointer, as soon as it is known."""
        self._failure = self._failure or error
        self._added.set()

    async def failing(self) -> NoReturn:
        """Wait for an error of the checkpointer, and raise it."""
        while self._failure is None:
            await self._news()
        raise self._failure

    async def reach(self, checkpoint_id: str, timeout: float) -> None:
        """Learn that the run loop has come to a checkpoint, which waits for an event to carry it.

        Nothing happens if it is one that the graph has read and not made.

        Args:
            timeout: seconds to wait until the graph has stored it.

        Raises:
            TimeoutError: if it was not stored in time.
        """
        await self._until(lambda: checkpoint_id in self._known, timeout)
        self._running.pop("", None)
        if checkpoint_id in self._checkpoints:
            self._reach_up_to(checkpoint_id)
            self._added.set()

    async def send(self, checkpoint_id: str, timeout: float) -> None:
        """Let go what is held up to a checkpoint, so that what its tasks did can be told after it.

        Args:
            timeout: seconds to wait until the run loop has come to it.

        Raises:
            TimeoutError: if it had not in time.
        """
        known, held = self._known, self._checkpoints
        await self._until(lambda: checkpoint_id in known and checkpoint_id not in held, timeout)
        self._hurry()

    def let_go(self) -> None:
        """Send what must not be done again, as far as the run loop has come."""
        if self._emit is None or not self._is_urgent:
            return
        root = next((identity for identity, event in self._checkpoints.items() if not event.namespace), None)
        while (identity := next(iter(self._checkpoints), None)) != root:
            self._reach_up_to(identity)
        behind: list[Event] = []
        if root is None:
            behind, self._behind, self._is_urgent = self._behind, [], False
        if ready := (*self.carry(), *behind):
            self._emit(*ready)

    def carry(self) -> tuple[CheckpointSaved, ...]:
        """The checkpoints reached since the last time, in order, to be committed with what led to them."""
        reached, self._reached = tuple(self._reached), []
        self._given += reached
        return reached

    def leftovers(self) -> tuple[Event, ...]:
        """All that is held: checkpoints, and writes without a checkpoint after them."""
        self._reach_up_to(None)
        events: list[Event] = [*self.carry(), *self._behind]
        self._behind = []
        for key in tuple(self._writes):
            events += self._take_writes(key, everything=True)
        return tuple(events)

    def committed(self, recorded: Sequence[Recorded]) -> None:
        """Learn what is in the log now; events of others among them do no harm."""
        self._is_stale |= any(isinstance(each.event, CheckpointsRemoved) for each in recorded)
        done = {id(event) for each in recorded for event in told(each.event)}
        self._given = [event for event in self._given if id(event) not in done]
        if self.thread:
            advance(self.thread, recorded)
        if self._watched is not None:
            self._watched += recorded

    @contextmanager
    def watching(self) -> Iterator[list[Recorded]]:
        """What is committed while the context lasts."""
        self._watched = []
        try:
            yield self._watched
        finally:
            self._watched = None

    async def show(self) -> None:
        """Let the log have the state that a slow first node has begun with: pages look at that."""
        await asyncio.sleep(SHOW_SECONDS)
        self._hurry()

    @property
    def is_clean(self) -> bool:
        """Whether the thread is what the log has."""
        return not (self._is_stale or self._checkpoints or self._reached or self._writes or self._given)

    def replay_onto(self, thread: Thread) -> None:
        """Put what is staged on top of a thread that was read from the log, which may have some of it."""
        for event in (*self._given, *self._reached, *self._checkpoints.values()):
            known = isinstance(event, CheckpointSaved) and thread.find(event.namespace, event.checkpoint_id)
            if not known:
                thread.apply(event, thread.tail + 1)
        for (namespace, checkpoint_id), writes in self._writes.items():
            event = WritesSaved(namespace=namespace, checkpoint_id=checkpoint_id, tasks=as_tasks(writes))
            thread.apply(event, thread.tail + 1)

    def _runs_beside_others(self, event: WritesSaved) -> bool:
        """Whether the writes are to go out; of the root's tasks the run loop tells with what they wrote."""
        if self._emit is None or not event.namespace:
            return False
        tasks = [task for task in event.tasks if task.task_id != _INPUT_TASK and task.task_path != _START]
        if not tasks:
            return False
        alone = len(self._running.get(event.namespace, {})) == 1
        return not alone or any(task.task_path.startswith(_CALL) for task in tasks)

    def _key_of(self, task_id: str) -> tuple[str, str] | None:
        held = (key for key, writes in self._writes.items() if any(index[0] == task_id for index in writes))
        return next((key for key in held if not key[0]), None)

    def _hurry(self, *events: Event) -> None:
        """Let events go, behind the checkpoints that are held."""
        self._given += events
        self._behind += events
        self._is_urgent = True
        self.let_go()

    def _reach_up_to(self, checkpoint_id: str | None) -> None:
        for identity in tuple(self._checkpoints):
            event = self._checkpoints.pop(identity)
            writes = self._writes.pop((event.namespace, event.parent_id or ""), {})
            if writes:
                event = event.model_copy(update={"parent_writes": as_tasks(writes)})
            self._reached.append(event)
            if identity == checkpoint_id:
                break

    def _take_writes(
        self, key: tuple[str, str], *, only: str | None = None, everything: bool = False
    ) -> list[WritesSaved]:
        """Writes that are held, of one task or all; those that come again only with `everything`."""
        held = self._writes.pop(key)
        taken = {
            index: write
            for index, write in held.items()
            if everything or (index[0] == only if only else index[0] != _INPUT_TASK)
        }
        if kept := {index: write for index, write in held.items() if index not in taken}:
            self._writes[key] = kept
        namespace, checkpoint_id = key
        tasks = as_tasks(taken)
        return [WritesSaved(namespace=namespace, checkpoint_id=checkpoint_id, tasks=tasks)] if tasks else []

    async def _until(self, is_so: Callable[[], object], timeout: float) -> None:
        """Wait for what the graph stores or the run loop says; an error of the checkpointer ends the wait."""
        async with asyncio.timeout(timeout):
            while not is_so():
                if self._failure:
                    raise self._failure
                await self._news()

    async def _news(self) -> None:
        self._added.clear()
        await self._added.wait()
