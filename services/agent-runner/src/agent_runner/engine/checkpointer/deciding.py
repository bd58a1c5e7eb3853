"""What to store of a checkpoint or of writes, given what the thread holds already; pure."""

from asyncio import CancelledError
from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Any, Final

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    WRITES_IDX_MAP,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    get_serializable_checkpoint_metadata,
)
from langgraph.checkpoint.serde.types import ERROR, RESUME

from agent_runner.engine.checkpointer.encoding import Encoding, Unstorable, ids_of, shareable
from agent_runner.engine.checkpointer.thread import Thread
from agent_runner.engine.checkpointer.values import (
    HEADER_WEIGHT,
    PendingWrite,
    Saved,
    TaskIndex,
    Value,
    weight_of,
)
from contracts.events import CheckpointSaved
from contracts.events.checkpoint import Blob, Items

_WORTH: Final = 2
"""A full state is stored when reading without it costs this many times its own weight."""


@dataclass(frozen=True, slots=True)
class Address:
    """Which checkpoint a LangGraph config speaks of."""

    conversation: str
    namespace: str
    checkpoint_id: str | None

    @classmethod
    def of(cls, config: RunnableConfig) -> "Address":
        """Raises `ValueError` if the config names no thread."""
        configurable = config.get("configurable", {})
        if "thread_id" not in configurable:
            raise ValueError("config.configurable.thread_id is missing")
        return cls(
            str(configurable["thread_id"]),
            configurable.get("checkpoint_ns") or "",
            configurable.get("checkpoint_id") or None,
        )

    def config(self, checkpoint_id: str) -> RunnableConfig:
        """The config of a checkpoint in the same namespace."""
        return {
            "configurable": {
                "thread_id": self.conversation,
                "checkpoint_ns": self.namespace,
                "checkpoint_id": checkpoint_id,
            }
        }


@dataclass(frozen=True, slots=True)
class Draft:
    """A checkpoint as the graph hands it over."""

    config: RunnableConfig
    checkpoint: Checkpoint
    metadata: CheckpointMetadata
    new_versions: ChannelVersions


@dataclass(frozen=True, slots=True)
class _Change:
    """A channel's new value: what to store of it, and the value itself as a thread keeps it."""

    stored: Blob | Items | None
    value: Value


def checkpoint_saved(
    draft: Draft, thread: Thread, encoding: Encoding, *, position: int, snapshot_after: int
) -> CheckpointSaved:
    """The event of a checkpoint.

    Args:
        position: a sequence not behind the one the event will get.
        snapshot_after: how many checkpoint events must lie between two full states.

    Raises:
        ValueError: if a new version is not the checkpoint's version of its channel.
    """
    address = Address.of(draft.config)
    versions = draft.checkpoint["channel_versions"]
    if wrong := [name for name, new in draft.new_versions.items() if versions.get(name) != new]:
        raise ValueError(f"new_versions and channel_versions differ for {', '.join(sorted(wrong))}")
    parent = thread.find(address.namespace, address.checkpoint_id)
    changes: dict[str, _Change] = {}
    for channel in draft.new_versions:
        try:
            changes[channel] = _change(draft, address, channel, parent, thread, encoding, position)
        except Unstorable as error:
            raise error.of_key(channel) from error.__cause__
    changed = {channel: change.stored for channel, change in changes.items()}
    values = {channel: change.value for channel, change in changes.items()}
    for channel in versions.keys() - values.keys():
        if known := thread.value(address.namespace, channel, versions[channel]):
            values[channel] = known
    seeds = _oldest_seed(draft, address, thread, parent, position)
    base = min([seeds, *(value.base for value in values.values())])
    if thread.count_since(base) >= snapshot_after:
        saving = thread.weight_since(base) - thread.weight_since(seeds)
        if saving > _WORTH * (HEADER_WEIGHT + sum(value.weight for value in values.values())):
            changed, base = {channel: _in_full(value.stored) for channel, value in values.items()}, seeds
    metadata = get_serializable_checkpoint_metadata(draft.config, draft.metadata)
    run_id = metadata.get("run_id")
    return CheckpointSaved(
        namespace=address.namespace,
        checkpoint_id=draft.checkpoint["id"],
        parent_id=address.checkpoint_id,
        run_id=run_id if isinstance(run_id, str) else None,
        base=base,
        header={key: value for key, value in draft.checkpoint.items() if key != "channel_values"},
        metadata=encoding.dump(metadata),
        changed=changed,
    )


def remember(draft: Draft, thread: Thread) -> None:
    """Once a checkpoint is in the thread: keep the objects its lists consist of, and no older ones."""
    address = Address.of(draft.config)
    parent = thread.find(address.namespace, address.checkpoint_id)
    for channel, version in draft.new_versions.items():
        earlier = thread.value(address.namespace, channel, parent.versions.get(channel)) if parent else None
        live, value = earlier and earlier.live, thread.value(address.namespace, channel, version)
        if earlier:
            earlier.live = None
        if value and isinstance(value.stored, Sequence):
            value.live = shareable(draft.checkpoint["channel_values"][channel], live or ())
    if address.checkpoint_id:
        thread.handed.pop((address.namespace, address.checkpoint_id), None)


def new_writes(
    writes: Sequence[tuple[str, Any]],
    task_id: str,
    task_path: str,
    present: Container[TaskIndex],
    encoding: Encoding,
) -> dict[TaskIndex, PendingWrite]:
    """The writes that are not there yet; those of LangGraph's own channels replace what is there."""
    new: dict[TaskIndex, PendingWrite] = {}
    for position, (channel, value) in enumerate(writes):
        key = (task_id, WRITES_IDX_MAP.get(channel, position))
        if key[1] < 0 or key not in present:
            try:
                new[key] = PendingWrite(task_path, channel, encoding.dump(value))
            except Unstorable as error:
                raise error.of_key(channel) from error.__cause__
    return new


def without_failed_answer(writes: Sequence[tuple[str, Any]]) -> Sequence[tuple[str, Any]]:
    """The writes of a task; of one that failed without the answers it was given, so that its question stays
    as it was and can be answered again. One that was cancelled has not failed."""
    if not any(channel == ERROR for channel, _ in writes):
        return writes
    return [
        (channel, value)
        for channel, value in writes
        if channel != RESUME and not (channel == ERROR and isinstance(value, CancelledError))
    ]


def _change(
    draft: Draft,
    address: Address,
    channel: str,
    parent: Saved | None,
    thread: Thread,
    encoding: Encoding,
    position: int,
) -> _Change:
    values = draft.checkpoint["channel_values"]
    if channel not in values:
        return _Change(None, Value(None, position, 0))
    value = values[channel]
    if type(value) is not list:
        blob = encoding.dump(value)
        return _Change(blob, Value(blob, position, weight_of((blob,))))
    since = parent.versions.get(channel) if parent else None
    earlier = thread.value(address.namespace, channel, since)
    keep, items = encoding.dump_items(value, earlier, _written(draft, address, channel, thread))
    if earlier is None or not isinstance(earlier.stored, Sequence) or not keep:
        return _Change(Items(items=tuple(items)), Value(items, position, weight_of(items)))
    kept = earlier.stored[:keep]
    kept_weight = earlier.weight if keep == len(earlier.stored) else weight_of(kept)
    return _Change(
        Items(since=since, keep=keep, items=tuple(items)),
        Value([*kept, *items], earlier.base, kept_weight + weight_of(items)),
    )


def _written(draft: Draft, address: Address, channel: str, thread: Thread) -> frozenset[int] | None:
    """What the super-step before this checkpoint wrote to a channel, where all of that is known."""
    if draft.metadata.get("source") != "loop" or address.checkpoint_id is None:
        return None
    handed = thread.handed.get((address.namespace, address.checkpoint_id), [])
    return ids_of(value for name, value in handed if name == channel)


def _in_full(stored: Blob | Sequence[Blob] | None) -> Blob | Items | None:
    return Items(items=tuple(stored)) if isinstance(stored, Sequence) else stored


def _oldest_seed(draft: Draft, address: Address, thread: Thread, parent: Saved | None, position: int) -> int:
    """The position of the oldest ancestor that delta channels are rebuilt from, else `position`."""
    missing = set(draft.metadata.get("counters_since_delta_snapshot") or ())
    missing -= draft.checkpoint["channel_values"].keys()
    oldest = position
    while missing and parent is not None:
        oldest = min(oldest, parent.position)
        for channel in tuple(missing):
            value = thread.value(address.namespace, channel, parent.versions.get(channel))
            if value and value.stored is not None:
                missing.discard(channel)
        if parent.parent_id is None:
            break
        parent = thread.find(address.namespace, parent.parent_id)
    return oldest if parent or not missing else min(oldest, thread.start)
