"""What threads are made of: values, bare checkpoints, writes, and what each takes to store. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, NamedTuple, TypeAlias, overload

from contracts.events.checkpoint import Blob, TaskWrites, Version, Write

HEADER_WEIGHT: Final = 1024
_BLOB_WEIGHT: Final = 40


class Blobs(Sequence[Blob]):
    """The items of a list. Versions that only grew share one buffer, so a thousand of them are one list."""

    __slots__ = ("_buffer", "_length")

    def __init__(self, buffer: list[Blob]) -> None:
        self._buffer = buffer
        self._length = len(buffer)

    def then(self, keep: int, items: Sequence[Blob]) -> "Blobs":
        """The first `keep` items, then others."""
        if keep == self._length == len(self._buffer):
            self._buffer.extend(items)
            return Blobs(self._buffer)
        return Blobs([*self._buffer[: min(keep, self._length)], *items])

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Blob]:
        return islice(self._buffer, self._length)

    @overload
    def __getitem__(self, index: int) -> Blob: ...
    @overload
    def __getitem__(self, index: slice) -> list[Blob]: ...
    def __getitem__(self, index: int | slice) -> Blob | list[Blob]:
        if isinstance(index, slice):
            return self._buffer[: self._length][index]
        if not 0 <= index < self._length:
            raise IndexError(index)
        return self._buffer[index]


@dataclass(slots=True)
class Value:
    """One version of a channel.

    Attributes:
        stored: as serialized; item by item for a list; None for a channel without a value.
        base: reading the log from this sequence on finds it.
        weight: about how many bytes it takes to store.
        live: the objects last given to or by the graph, item by item, for lists that it is known of.
    """

    stored: Blob | Sequence[Blob] | None
    base: int
    weight: int
    live: list[object] | None = None


@dataclass(slots=True)
class Saved:
    """One checkpoint without its values.

    Attributes:
        position: a sequence not behind its own.
        order: its place among the checkpoints of all namespaces.
        hidden: removed, and only kept because others are built on it.
    """

    checkpoint_id: str
    parent_id: str | None
    run_id: str | None
    header: dict[str, Any]
    metadata: Blob
    position: int
    order: int
    hidden: bool = False

    @property
    def versions(self) -> dict[str, Version]:
        versions: dict[str, Version] = self.header["channel_versions"]
        return versions


class PendingWrite(NamedTuple):
    """A write of a task, with the path it is ordered by."""

    task_path: str
    channel: str
    value: Blob


TaskIndex: TypeAlias = tuple[str, int]
"""A task's id and the index of one of its writes."""


def weight_of(blobs: Iterable[Blob]) -> int:
    """About how many bytes blobs take in an event."""
    return sum(len(blob.data) + _BLOB_WEIGHT for blob in blobs)


def weight_of_writes(tasks: Iterable[TaskWrites]) -> int:
    """The same of writes."""
    return weight_of(write.value for task in tasks for write in task.writes)


def as_writes(tasks: Iterable[TaskWrites]) -> dict[TaskIndex, PendingWrite]:
    """The inverse of `as_tasks`."""
    return {
        (task.task_id, write.index): PendingWrite(task.task_path, write.channel, write.value)
        for task in tasks
        for write in task.writes
    }


def as_tasks(writes: dict[TaskIndex, PendingWrite]) -> tuple[TaskWrites, ...]:
    """Writes grouped by task, in the order the tasks first wrote."""
    tasks: dict[tuple[str, str], list[Write]] = {}
    for (task_id, index), (task_path, channel, value) in writes.items():
        tasks.setdefault((task_id, task_path), []).append(Write(channel=channel, index=index, value=value))
    return tuple(
        TaskWrites(task_id=task_id, task_path=task_path, writes=tuple(group))
        for (task_id, task_path), group in tasks.items()
    )
