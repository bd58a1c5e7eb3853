"""LangGraph checkpoints as facts: each holds only the channels that changed.

A value is what the checkpointer's serializer made of it: a format name and base64 bytes.
"""

from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from contracts.events.base import Event


class Blob(BaseModel):
    """A serialized value.

    Attributes:
        format: name of the serialization, such as ``msgpack``.
        data: base64 of the bytes.
    """

    model_config = ConfigDict(frozen=True)

    format: str
    data: str


class Appended(BaseModel):
    """A list that grew: the first `keep` items of an earlier version, then `items`.

    Attributes:
        since: the channel version whose value is extended.
        items: one blob of the list of new items.
    """

    model_config = ConfigDict(frozen=True)

    since: str
    keep: int
    items: Blob


class Write(BaseModel):
    """One pending write of a task."""

    model_config = ConfigDict(frozen=True)

    channel: str
    index: int
    value: Blob


class TaskWrites(BaseModel):
    """All writes of one task of the super-step after a checkpoint."""

    model_config = ConfigDict(frozen=True)

    task_id: str
    task_path: str = ""
    writes: tuple[Write, ...]


class CheckpointSaved(Event):
    """The state of a thread after a super-step.

    Attributes:
        namespace: empty for the root graph, else the subgraph's path.
        parent_id: the checkpoint before it on its branch.
        base: sequence from which a reader finds every channel value of this checkpoint.
        header: the checkpoint without its channel values.
        metadata: LangGraph's checkpoint metadata.
        changed: the channels stored with this checkpoint, by name.
        parent_writes: the writes that led from the parent to this checkpoint.
    """

    type: ClassVar[str] = "checkpoint.saved"

    namespace: str = ""
    checkpoint_id: str
    parent_id: str | None = None
    base: int
    header: dict[str, Any]
    metadata: Blob
    changed: dict[str, Blob | Appended]
    parent_writes: tuple[TaskWrites, ...] = ()


class WritesSaved(Event):
    """Writes of tasks that ended before their super-step did, or that wait for a person."""

    type: ClassVar[str] = "checkpoint.writes_saved"

    namespace: str = ""
    checkpoint_id: str
    tasks: tuple[TaskWrites, ...]


class CheckpointsRemoved(Event):
    """Checkpoints that reads no longer show.

    Attributes:
        scope: all of the thread, those of the named runs, or all but the newest of each namespace.
    """

    type: ClassVar[str] = "checkpoint.removed"

    scope: Literal["all", "runs", "all_but_latest"]
    run_ids: tuple[str, ...] = ()
