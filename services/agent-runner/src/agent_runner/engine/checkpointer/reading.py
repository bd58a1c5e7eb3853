"""Checkpoints as LangGraph wants them, from a thread that is read as far back as the question needs."""

from collections.abc import Iterator, Sequence
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import CheckpointTuple, DeltaChannelHistory, PendingWrite, get_checkpoint_id

from agent_runner.engine.checkpointer.deciding import Address
from agent_runner.engine.checkpointer.encoding import Encoding
from agent_runner.engine.checkpointer.staging import Stage
from agent_runner.engine.checkpointer.thread import Thread
from agent_runner.engine.checkpointer.threads import Threads, catch_up
from agent_runner.engine.checkpointer.values import Saved


class Reader:
    """Reads one conversation, with what is staged on top where there is a stage."""

    def __init__(self, conversation: str, threads: Threads, stage: Stage | None, encoding: Encoding) -> None:
        self._conversation = conversation
        self._threads = threads
        self._stage = stage
        self._encoding = encoding

    async def thread(self) -> Thread:
        """The thread up to the log's tail; within a stage, as the run's own appends have left it."""
        if self._stage is None:
            return await self._threads.current(self._conversation)
        if self._stage.thread is None:
            known = self._threads.cached(self._conversation)
            if known is None or known.tail != self._stage.tail:
                known = await self._threads.current(self._conversation)
            self._stage.thread = known
        return self._stage.thread

    async def get(self, address: Address) -> CheckpointTuple | None:
        """The checkpoint at an address, the newest one if the address names none."""
        thread = await self.thread()
        saved = _find(thread, address)
        if saved is None and not thread.whole:
            if address.checkpoint_id or thread.may_miss(address.namespace):
                thread = await self._whole()
                saved = _find(thread, address)
        elif saved and not thread.whole and not thread.has_values_of(address.namespace, saved):
            thread = await self._whole()
            saved = _find(thread, address)
        return self._tuple(thread, address, saved) if saved else None

    async def history(
        self,
        config: RunnableConfig,
        metadata: dict[str, Any],
        before: RunnableConfig | None,
        limit: int | None,
    ) -> list[CheckpointTuple]:
        """Checkpoints, newest first, whose metadata has the given values."""
        thread = await self.thread()
        found = list(self._matching(thread, config, metadata, before, limit))
        if not thread.whole and (limit is None or len(found) < limit):
            thread = await self._whole()
            found = list(self._matching(thread, config, metadata, before, limit))
        complete = all(thread.has_values_of(address.namespace, saved) for address, saved in found)
        if not complete and not thread.whole:
            thread = await self._whole()
        return [self._tuple(thread, address, saved) for address, saved in found]

    async def ids(self) -> list[str]:
        """The ids of the root graph's checkpoints, the oldest first."""
        thread = await self.thread()
        if not thread.whole:
            thread = await self._whole()
        return [saved.checkpoint_id for _, saved in thread.newest_first("")][::-1]

    async def delta_history(
        self, address: Address, channels: Sequence[str]
    ) -> dict[str, DeltaChannelHistory]:
        """What the ancestors of a checkpoint wrote to channels, back to where each has a value."""
        thread = await self.thread()
        history = self._delta_history(thread, address, channels)
        if history is None:
            history = self._delta_history(await self._whole(), address, channels)
        return history or {}

    async def _whole(self) -> Thread:
        if self._stage is None:
            thread = await self._threads.whole(self._conversation)
        else:
            with self._stage.watching() as committed:
                thread = await self._threads.whole(self._conversation)
            catch_up(thread, committed)
            self._stage.replay_onto(thread)
            self._stage.thread = thread
        self._threads.keep(self._conversation, thread)
        return thread

    def _matching(
        self,
        thread: Thread,
        config: RunnableConfig,
        metadata: dict[str, Any],
        before: RunnableConfig | None,
        limit: int | None,
    ) -> Iterator[tuple[Address, Saved]]:
        namespace = config["configurable"].get("checkpoint_ns")
        only = get_checkpoint_id(config)
        bound = get_checkpoint_id(before) if before else None
        bound_order = thread.order_of(bound) if bound else None
        left = limit
        for name, saved in thread.newest_first(namespace):
            if left is not None and left <= 0:
                return
            if only and saved.checkpoint_id != only:
                continue
            if bound_order is not None:
                if saved.order >= bound_order:
                    continue
            elif bound and saved.checkpoint_id >= bound:
                continue
            if metadata:
                actual = self._encoding.load(saved.metadata)
                if any(actual.get(key) != value for key, value in metadata.items()):
                    continue
            left = left if left is None else left - 1
            yield Address(self._conversation, name, saved.checkpoint_id), saved

    def _tuple(self, thread: Thread, address: Address, saved: Saved) -> CheckpointTuple:
        namespace, checkpoint_id = address.namespace, saved.checkpoint_id
        if self._stage:
            self._stage.read(checkpoint_id)
        share = self._stage is not None and saved is thread.newest(namespace)
        values = {}
        for channel, version in saved.versions.items():
            value = thread.value(namespace, channel, version)
            if value and value.stored is not None:
                values[channel] = self._encoding.load_value(value, share=share)
        header = {key: _copied(part) for key, part in saved.header.items()}
        return CheckpointTuple(
            config=address.config(checkpoint_id),
            checkpoint={**header, "channel_values": values},  # type: ignore[typeddict-item]  # header has the rest
            metadata=self._encoding.load(saved.metadata),
            parent_config=address.config(saved.parent_id) if saved.parent_id else None,
            pending_writes=self._writes(thread, namespace, checkpoint_id),
        )

    def _writes(self, thread: Thread, namespace: str, checkpoint_id: str) -> list[PendingWrite]:
        writes = thread.ordered_writes(namespace, checkpoint_id)
        return [(task, write.channel, self._encoding.load(write.value)) for task, write in writes]

    def _delta_history(
        self, thread: Thread, address: Address, channels: Sequence[str]
    ) -> dict[str, DeltaChannelHistory] | None:
        """None if the thread does not reach back far enough."""
        target = _find(thread, address)
        if target is None:
            return {channel: {"writes": []} for channel in channels} if thread.whole else None
        writes: dict[str, list[PendingWrite]] = {channel: [] for channel in channels}
        seeds: dict[str, Any] = {}
        ancestor_id = target.parent_id
        while ancestor_id and seeds.keys() != writes.keys():
            ancestor = thread.find(address.namespace, ancestor_id)
            if ancestor is None:
                if not thread.whole:
                    return None
                break
            for task, write in reversed(thread.ordered_writes(address.namespace, ancestor_id)):
                if write.channel in writes and write.channel not in seeds:
                    loaded = self._encoding.load(write.value)
                    writes[write.channel].append((task, write.channel, loaded))
            for channel in writes.keys() - seeds.keys():
                version = ancestor.versions.get(channel)
                value = thread.value(address.namespace, channel, version)
                if value and value.stored is not None:
                    seeds[channel] = self._encoding.load_value(value, share=False)
            ancestor_id = ancestor.parent_id
        history: dict[str, DeltaChannelHistory] = {}
        for channel, collected in writes.items():
            history[channel] = {"writes": collected[::-1]}
            if channel in seeds:
                history[channel]["seed"] = seeds[channel]
        return history


def _find(thread: Thread, address: Address) -> Saved | None:
    if address.checkpoint_id is None:
        return thread.newest(address.namespace)
    saved = thread.find(address.namespace, address.checkpoint_id)
    return None if saved is None or saved.hidden else saved


def _copied(part: Any) -> Any:
    """A header's part as the graph may change it: versions by channel, versions seen by node."""
    if isinstance(part, dict):
        return {key: _copied(value) for key, value in part.items()}
    return list(part) if isinstance(part, list) else part
