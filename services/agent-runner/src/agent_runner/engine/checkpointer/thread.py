"""What the checkpoint events of one conversation come to; pure. `deciding` makes the events."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from langgraph.checkpoint.base import writes_sort_key

from agent_runner.engine.checkpointer.values import (
    HEADER_WEIGHT,
    Blobs,
    PendingWrite,
    Saved,
    TaskIndex,
    Value,
    as_writes,
    weight_of,
    weight_of_writes,
)
from contracts.events import CheckpointSaved, CheckpointsRemoved, Event, WritesSaved
from contracts.events.checkpoint import Blob, Items, TaskWrites, Version


@dataclass(slots=True)
class Thread:
    """The fold of a conversation's checkpoint events from a sequence on.

    Attributes:
        start: every checkpoint event from this sequence on is in it.
        whole: nothing before `start` counts.
        tail: the conversation's last sequence when it was last brought up to date.
        namespaces: all that ever had a checkpoint, as far as known; complete if the thread once was whole.
        handed: what tasks wrote after a checkpoint that has no child yet: channels and objects.
    """

    start: int
    whole: bool
    tail: int = 0
    namespaces: set[str] | None = None
    handed: dict[tuple[str, str], list[tuple[str, object]]] = field(default_factory=dict)
    _saved: dict[str, dict[str, Saved]] = field(default_factory=dict)
    _writes: dict[tuple[str, str], dict[TaskIndex, PendingWrite]] = field(default_factory=dict)
    _values: dict[tuple[str, str, Version], Value] = field(default_factory=dict)
    _positions: list[int] = field(default_factory=list)
    _weights: list[int] = field(default_factory=lambda: [0])
    _count: int = 0

    def __post_init__(self) -> None:
        if self.whole:
            self.namespaces = set()

    def apply(self, event: Event, position: int) -> None:
        """Take in one event; once more does no harm."""
        match event:
            case CheckpointSaved():
                self._save(event, position)
            case WritesSaved():
                self._write(event.namespace, event.checkpoint_id, event.tasks)
                self._weigh(position, weight_of_writes(event.tasks))
            case CheckpointsRemoved():
                self._remove(event)

    def find(self, namespace: str, checkpoint_id: str | None) -> Saved | None:
        """A checkpoint, hidden or not."""
        return self._saved.get(namespace, {}).get(checkpoint_id) if checkpoint_id else None

    def newest(self, namespace: str) -> Saved | None:
        """The checkpoint last stored, whatever the clocks said that made the ids."""
        saved = reversed(self._saved.get(namespace, {}).values())
        return next((one for one in saved if not one.hidden), None)

    def may_miss(self, namespace: str) -> bool:
        """Whether the namespace may have had checkpoints before `start` only."""
        return not self.whole and (self.namespaces is None or namespace in self.namespaces)

    def newest_first(self, namespace: str | None) -> Iterator[tuple[str, Saved]]:
        """Visible checkpoints of one namespace or all, with their namespaces, in the log's order."""
        names = self._saved if namespace is None else [namespace]
        entries = [(name, saved) for name in names for saved in self._saved.get(name, {}).values()]
        entries.sort(key=lambda entry: entry[1].order, reverse=True)
        return (entry for entry in entries if not entry[1].hidden)

    def order_of(self, checkpoint_id: str) -> int | None:
        """The place of a checkpoint in the log's order, whichever namespace it is of."""
        found = (saved[checkpoint_id].order for saved in self._saved.values() if checkpoint_id in saved)
        return next(found, None)

    def value(self, namespace: str, channel: str, version: Version | None) -> Value | None:
        """A version of a channel; None if it is not known."""
        return None if version is None else self._values.get((namespace, channel, version))

    def has_values_of(self, namespace: str, saved: Saved) -> bool:
        """Whether every channel version of a checkpoint is known."""
        return all(
            (namespace, channel, version) in self._values for channel, version in saved.versions.items()
        )

    def writes(self, namespace: str, checkpoint_id: str) -> dict[TaskIndex, PendingWrite]:
        """The writes after a checkpoint."""
        return self._writes.get((namespace, checkpoint_id), {})

    def ordered_writes(self, namespace: str, checkpoint_id: str) -> list[tuple[str, PendingWrite]]:
        """The writes after a checkpoint with their task ids, as the super-step applies them."""
        writes = self.writes(namespace, checkpoint_id)
        keys = sorted(writes, key=lambda key: writes_sort_key(writes[key].task_path, *key))
        return [(key[0], writes[key]) for key in keys]

    def weight_since(self, position: int) -> int:
        """About how many bytes the checkpoint events from a sequence on take."""
        return self._weights[-1] - self._weights[bisect_left(self._positions, position)]

    def count_since(self, position: int) -> int:
        """How many checkpoint events there are from a sequence on."""
        return len(self._positions) - bisect_left(self._positions, position)

    def trim(self, start: int) -> None:
        """Forget what is only needed to read checkpoints before a sequence."""
        gone = bisect_left(self._positions, start)
        self._positions, self._weights = self._positions[gone:], self._weights[gone:]
        for namespace, saved in tuple(self._saved.items()):
            for one in [one for one in saved.values() if one.position < start]:
                del saved[one.checkpoint_id]
                self._writes.pop((namespace, one.checkpoint_id), None)
            if not saved:
                del self._saved[namespace]
        self._values = {key: value for key, value in self._values.items() if value.base >= start}
        self.handed.clear()
        self.start, self.whole = start, False

    def _save(self, event: CheckpointSaved, position: int) -> None:
        namespace, versions = event.namespace, event.header["channel_versions"]
        if event.parent_id and event.parent_writes:
            self._write(namespace, event.parent_id, event.parent_writes)
        weight = HEADER_WEIGHT + weight_of_writes(event.parent_writes)
        for channel, stored in event.changed.items():
            value, added = self._value_of(namespace, channel, stored, position)
            weight += added
            if value:
                self._values[namespace, channel, versions[channel]] = value
        saved = self._saved.setdefault(namespace, {})
        saved.pop(event.checkpoint_id, None)
        self._count += 1
        saved[event.checkpoint_id] = Saved(
            event.checkpoint_id,
            event.parent_id,
            event.run_id,
            event.header,
            event.metadata,
            position,
            self._count,
        )
        if self.namespaces is not None:
            self.namespaces.add(namespace)
        self._weigh(position, weight)

    def _value_of(
        self, namespace: str, channel: str, stored: Blob | Items | None, position: int
    ) -> tuple[Value | None, int]:
        """The value, None if what it is built on is not known, and the bytes it adds."""
        if not isinstance(stored, Items):
            weight = weight_of((stored,)) if stored else 0
            return Value(stored, position, weight), weight
        weight = weight_of(stored.items)
        if stored.since is None:
            return Value(Blobs(list(stored.items)), position, weight), weight
        earlier = self._values.get((namespace, channel, stored.since))
        if earlier is None or not isinstance(earlier.stored, Blobs):
            return None, weight
        whole = stored.keep == len(earlier.stored)
        kept_weight = earlier.weight if whole else weight_of(earlier.stored[: stored.keep])
        grown = earlier.stored.then(stored.keep, stored.items)
        return Value(grown, earlier.base, kept_weight + weight), weight

    def _write(self, namespace: str, checkpoint_id: str, tasks: Iterable[TaskWrites]) -> None:
        self._writes.setdefault((namespace, checkpoint_id), {}).update(as_writes(tasks))

    def _weigh(self, position: int, weight: int) -> None:
        self._positions.append(position)
        self._weights.append(self._weights[-1] + weight)

    def _remove(self, event: CheckpointsRemoved) -> None:
        if event.scope == "all":
            self._saved.clear()
            self._writes.clear()
            self._values.clear()
            self.handed.clear()
            return
        for saved in self._saved.values():
            kept = next((one for one in reversed(saved.values()) if not one.hidden), None)
            for one in saved.values():
                one.hidden |= one.run_id in event.run_ids if event.scope == "runs" else one is not kept
