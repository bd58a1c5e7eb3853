"""A LangGraph checkpointer whose only store is the log.

Outside a run every put is an append of its own. Within `staging` puts are held back, so that the run
loop commits a checkpoint in one batch with what the step came to.
"""

import random
from asyncio import Lock
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal
from weakref import WeakValueDictionary

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    DeltaChannelHistory,
)
from langgraph.checkpoint.serde.base import SerializerProtocol

from agent_runner.engine.checkpointer.copying import copy_thread
from agent_runner.engine.checkpointer.deciding import (
    Address,
    Draft,
    checkpoint_saved,
    new_writes,
    remember,
    without_failed_answer,
)
from agent_runner.engine.checkpointer.encoding import Encoding, Unstorable
from agent_runner.engine.checkpointer.reading import Reader
from agent_runner.engine.checkpointer.scanning import conversations
from agent_runner.engine.checkpointer.settings import CheckpointSettings
from agent_runner.engine.checkpointer.staging import Stage
from agent_runner.engine.checkpointer.storing import Storing
from agent_runner.engine.checkpointer.synchronous import SynchronousCalls
from agent_runner.engine.checkpointer.thread import Thread
from agent_runner.engine.checkpointer.threads import Threads, advance, changes_thread
from agent_runner.engine.checkpointer.values import as_tasks
from contracts.envelope import Recorded
from contracts.events import CheckpointsRemoved, Event, WritesSaved
from eventlog.author import Author
from eventlog.ports import Log


class LogCheckpointSaver(SynchronousCalls):
    """Checkpoints as events of the conversation that is named by ``thread_id``.

    While a conversation is staged, this saver shows the staged state to everybody who asks it; whoever
    wants committed state only asks another instance.
    """

    def __init__(
        self,
        log: Log,
        author: Author,
        settings: CheckpointSettings | None = None,
        *,
        serde: SerializerProtocol | None = None,
    ) -> None:
        super().__init__(serde=serde)
        self._learn_loop()
        self._log = log
        self._author = author
        self._settings = settings or CheckpointSettings()
        self._threads = Threads(log, self._settings.cached_conversations)
        self._storing = Storing(log, author, self._threads, self._settings)
        self._stages: dict[str, Stage] = {}
        self._locks: WeakValueDictionary[str, Lock] = WeakValueDictionary()

    @contextmanager
    def staging(
        self, conversation: str, *, tail: int | None = None, emit: Callable[..., None] | None = None
    ) -> Iterator[Stage]:
        """Hold back what is put for a conversation. What was not committed at the end is forgotten.

        Args:
            tail: the conversation's last sequence where the caller knows it; if this saver was told of
                everything up to it, not even a look at the log is needed.
            emit: takes the events that are to be committed at once; without it everything is held.

        Raises:
            RuntimeError: if the conversation is staged already.
        """
        if conversation in self._stages:
            raise RuntimeError(f"conversation {conversation!r} is staged already")
        stage = self._stages[conversation] = Stage(conversation, tail, emit)
        try:
            yield stage
        finally:
            del self._stages[conversation]
            if not stage.is_clean:
                self._threads.forget(conversation)

    def committed(self, recorded: Sequence[Recorded]) -> None:
        """Learn what has been appended to a conversation, checkpoints out of its stage included."""
        if not recorded:
            return
        conversation = recorded[0].conversation
        if stage := self._stages.get(conversation):
            stage.committed(recorded)
        elif thread := self._threads.cached(conversation):
            if any(changes_thread(event.event) for event in recorded):
                self._threads.forget(conversation)
            else:
                advance(thread, recorded)

    def forget(self, conversation: str) -> None:
        """Read the conversation anew the next time."""
        self._threads.forget(conversation)

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """The checkpoint a config names, or the newest of its namespace."""
        address = Address.of(config)
        async with self._lock(address.conversation):
            return await self._reader(address.conversation).get(address)

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,  # noqa: A002  # LangGraph's name for it
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """The checkpoints of a thread, of one namespace if the config names one, newest first.

        Without a config, of all threads, which reads the whole log.
        """
        if config is None:
            names = await conversations(self._log, self._settings.scan_idle)
            configs: list[RunnableConfig] = [{"configurable": {"thread_id": name}} for name in names]
        else:
            configs = [config]
        for one in configs:
            conversation = Address.of(one).conversation
            async with self._lock(conversation):
                found = await self._reader(conversation).history(one, filter or {}, before, limit)
            for item in found:
                yield item
            limit = limit if limit is None else limit - len(found)

    async def checkpoint_ids(self, conversation: str) -> list[str]:
        """The ids of a thread's checkpoints, without subgraphs' and the oldest first; reads no values."""
        async with self._lock(conversation):
            return await self._reader(conversation).ids()

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Store a checkpoint: only the channels that changed, and of lists only what is new.

        Raises:
            eventlog.ports.LogError: if it could not be appended.
        """
        draft, address = Draft(config, checkpoint, metadata, new_versions), Address.of(config)

        def decide(thread: Thread) -> Event:
            return checkpoint_saved(
                draft,
                thread,
                Encoding(self.serde),
                position=thread.tail + 1,
                snapshot_after=self._settings.snapshot_after,
            )

        async with self._lock(address.conversation):
            with self._telling(address.conversation):
                thread = await self._store(address.conversation, decide)
            remember(draft, thread)
        return address.config(checkpoint["id"])

    async def aput_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        """Store what a task wrote after a checkpoint.

        Raises:
            ValueError: if the config names no checkpoint.
            eventlog.ports.LogError: if it could not be appended.
        """
        address = Address.of(config)
        namespace, checkpoint_id = address.namespace, address.checkpoint_id
        if checkpoint_id is None:
            raise ValueError("config.configurable.checkpoint_id is missing")
        given = without_failed_answer(writes)

        def decide(thread: Thread) -> WritesSaved | None:
            present = thread.writes(namespace, checkpoint_id)
            new = new_writes(given, task_id, task_path, present, Encoding(self.serde))
            if not new:
                return None
            return WritesSaved(namespace=namespace, checkpoint_id=checkpoint_id, tasks=as_tasks(new))

        async with self._lock(address.conversation):
            with self._telling(address.conversation, task_id):
                thread = await self._store(address.conversation, decide)
            thread.handed.setdefault((namespace, checkpoint_id), []).extend(given)

    async def adelete_thread(self, thread_id: str) -> None:
        """Show nothing of a thread any more."""
        await self._remove(thread_id, CheckpointsRemoved(scope="all"))

    async def adelete_for_runs(self, run_ids: Sequence[str]) -> None:
        """Show nothing of what runs have stored any more; reads the whole log to find it."""
        runs = frozenset(run_ids)
        if not runs:
            return
        idle = self._settings.scan_idle
        for name in await conversations(self._log, idle, lambda saved: saved.run_id in runs):
            await self._remove(name, CheckpointsRemoved(scope="runs", run_ids=tuple(run_ids)))

    async def acopy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Copy all committed checkpoints and writes.

        Raises:
            ValueError: if source and target are the same.
            RuntimeError: if the target is staged.
        """
        if source_thread_id == target_thread_id:
            raise ValueError("source_thread_id and target_thread_id are the same")
        self._refuse_staged(target_thread_id)
        async with self._lock(target_thread_id):
            await copy_thread(
                self._log, self._author, source_thread_id, target_thread_id, self._settings.append_attempts
            )

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """Show only the newest checkpoint of each namespace, or with ``delete`` nothing.

        What delta channels are rebuilt from stays in the log, so the newest state stays whole.

        Raises:
            ValueError: for another strategy.
        """
        if strategy not in ("keep_latest", "delete"):
            raise ValueError(f"strategy must be keep_latest or delete, not {strategy!r}")
        scope: Literal["all", "all_but_latest"] = "all" if strategy == "delete" else "all_but_latest"
        for thread_id in thread_ids:
            await self._remove(thread_id, CheckpointsRemoved(scope=scope))

    async def aget_delta_channel_history(
        self, *, config: RunnableConfig, channels: Sequence[str]
    ) -> Mapping[str, DeltaChannelHistory]:
        """What the ancestors of a checkpoint wrote to delta channels."""
        address = Address.of(config)
        async with self._lock(address.conversation):
            return await self._reader(address.conversation).delta_history(address, channels)

    def get_next_version(self, current: str | int | None, channel: None) -> str:
        """A version greater than `current` that no other branch of the thread will ever have."""
        number = int(str(current).split(".")[0]) if current is not None else 0
        return f"{number + 1:010}.{random.getrandbits(48):012x}"

    @contextmanager
    def _telling(self, conversation: str, task_id: str | None = None) -> Iterator[None]:
        """Let the run know of a value that cannot be stored, with the node's name."""
        try:
            yield
        except Unstorable as error:
            if stage := self._stages.get(conversation):
                if node := stage.node_of(task_id) if task_id else None:
                    error = error.of_node(node)
                stage.fail(error)
            raise error from error.__cause__

    def _lock(self, conversation: str) -> Lock:
        """Puts of one conversation keep their order, and do not compete with each other for the tail."""
        return self._locks.setdefault(conversation, Lock())

    def _reader(self, conversation: str) -> Reader:
        return Reader(conversation, self._threads, self._stages.get(conversation), Encoding(self.serde))

    def _refuse_staged(self, conversation: str) -> None:
        if conversation in self._stages:
            raise RuntimeError(f"conversation {conversation!r} is staged: a run is in progress")

    async def _remove(self, conversation: str, removed: CheckpointsRemoved) -> None:
        self._refuse_staged(conversation)
        async with self._lock(conversation):
            thread = await self._threads.current(conversation)
            if not thread.whole or next(thread.newest_first(None), None):
                await self._store(conversation, lambda _: removed)

    async def _store(self, conversation: str, decide: Callable[[Thread], Event | None]) -> Thread:
        """Stage or append what is decided, and take it into the thread, which is returned."""
        if stage := self._stages.get(conversation):
            return self._storing.stage(stage, await self._reader(conversation).thread(), decide)
        return await self._storing.append(conversation, decide)
