"""LangGraph checkpoints as facts: each holds only the channels that changed.

A value is what the checkpointer's serializer made of it: a format name and base64 bytes.
"""

from typing import Any, ClassVar, Final, Literal

from pydantic import BaseModel, ConfigDict

from contracts.events.base import Event

Version = str | int | float
"""A channel version; LangGraph allows any of these."""

ROOT: Final = "root"
NESTED: Final = "nested"


class Blob(BaseModel):
    """A serialized value.

    Attributes:
        format: name of the serialization, such as ``msgpack``.
        data: base64 of the bytes.
    """

    model_config = ConfigDict(frozen=True)

    format: str
    data: str


class Items(BaseModel):
    """A list: the first `keep` items of an earlier version, then `items`.

    Attributes:
        since: the channel version whose items are kept; None if none are.
    """

    model_config = ConfigDict(frozen=True)

    since: Version | None = None
    keep: int = 0
    items: tuple[Blob, ...] = ()


class Write(BaseModel):
    """One write of a task; a negative index marks LangGraph's own channels, such as interrupts."""

    model_config = ConfigDict(frozen=True)

    channel: str
    index: int
    value: Blob


class TaskWrites(BaseModel):
    """Writes of one task of the super-step after a checkpoint."""

    model_config = ConfigDict(frozen=True)

    task_id: str
    task_path: str = ""
    writes: tuple[Write, ...]


class CheckpointSaved(Event):
    """The state of a thread after a super-step.

    Attributes:
        namespace: empty for the root graph, else the subgraph's path.
        checkpoint_id: names it; ids grow with time.
        parent_id: the checkpoint before it on its branch.
        run_id: the run it belongs to, if any.
        base: reading the conversation's checkpoint events from this sequence on finds all its values.
        header: the checkpoint without its channel values.
        metadata: LangGraph's checkpoint metadata.
        changed: the channels stored with this checkpoint, by name; None for one without a value.
        parent_writes: the writes that led from the parent to this checkpoint.
    """

    type: ClassVar[str] = "checkpoint.saved"

    namespace: str = ""
    checkpoint_id: str
    parent_id: str | None = None
    run_id: str | None = None
    base: int
    header: dict[str, Any]
    metadata: Blob
    changed: dict[str, Blob | Items | None]
    parent_writes: tuple[TaskWrites, ...] = ()

    def tokens(self, event_id: str) -> tuple[str, ...]:
        """Root or nested, so that the newest state of the root graph is found at once."""
        return (NESTED if self.namespace else ROOT,)


class WritesSaved(Event):
    """Writes of tasks that ended before their super-step did, or that wait for a person.

    Attributes:
        namespace: the graph within the graph, empty for the root.
        checkpoint_id: the checkpoint that the writes follow.
        tasks: the writes, by task.
    """

    type: ClassVar[str] = "checkpoint.writes_saved"

    namespace: str = ""
    checkpoint_id: str
    tasks: tuple[TaskWrites, ...]


class CheckpointsRemoved(Event):
    """Checkpoints that reads no longer show.

    Attributes:
        scope: all of the thread, those of the named runs, or all but the newest of each namespace.
        run_ids: the runs whose checkpoints are removed.
    """

    type: ClassVar[str] = "checkpoint.removed"

    scope: Literal["all", "runs", "all_but_latest"]
    run_ids: tuple[str, ...] = ()
