"""What history-store is asked of conversations as threads: searched by their labels, and their runs."""

from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from contracts.queries.base import Query

ThreadStatus = Literal["idle", "busy", "interrupted", "error"]
RunStatus = Literal["pending", "running", "success", "error", "interrupted"]
Order = Literal["key", "status", "created_at", "updated_at", "state_updated_at"]


class ThreadRecord(BaseModel):
    """A conversation that has not been deleted, as a thread. Times are UTC with microseconds.

    Attributes:
        incarnation: sequence of the event it began with.
        owner: the authenticated user it belongs to; None where anyone may read it.
        metadata: its labels.
        status: ``interrupted`` where the last run stopped to ask, at a breakpoint, or was cancelled.
        error: what the last run failed with or was cancelled for, and its kind.
        state_updated_at: when a run last changed the state.
    """

    model_config = ConfigDict(frozen=True)

    key: str
    incarnation: int
    graph: str
    protocol: str
    owner: str | None
    metadata: dict[str, Any]
    status: ThreadStatus
    error: str | None = None
    error_kind: str | None = None
    created_at: str
    updated_at: str
    state_updated_at: str


THREADS: Final = "history.threads"


class ThreadsQuery(Query):
    """The conversations that agent-runner answers and `caller` may see.

    Attributes:
        metadata: only those whose labels contain these, in depth.
        keys: only these.
        caller: the authenticated user who asks; conversations of other owners are left out.
    """

    metadata: dict[str, Any] = Field(default_factory=dict)
    keys: tuple[str, ...] | None = None
    status: ThreadStatus | None = None
    caller: str | None = None
    sort_by: Order = "updated_at"
    ascending: bool = False
    limit: int = Field(default=10, ge=0, le=1000)
    offset: int = Field(default=0, ge=0)


class Threads(BaseModel):
    """The answer to `ThreadsQuery`; it may hold fewer than asked for, and `total` counts all."""

    model_config = ConfigDict(frozen=True)

    threads: tuple[ThreadRecord, ...] = ()
    total: int


class RunRecord(BaseModel):
    """What became of a run.

    Attributes:
        sequence: where its request is in the log.
        graph: the graph that ran, where the request names one.
        attempt: the newest attempt at it.
        error: what it failed with.
    """

    model_config = ConfigDict(frozen=True, from_attributes=True)

    run_id: str
    sequence: int
    protocol: str
    graph: str
    status: RunStatus
    attempt: int
    error: str | None = None
    error_kind: str | None = None
    created_at: str
    updated_at: str


RUNS: Final = "history.runs"


class RunsQuery(Query):
    """The runs of one conversation, the newest first.

    Attributes:
        run_id: only this one.
    """

    conversation: str
    run_id: str | None = None
    status: RunStatus | None = None
    limit: int = Field(default=10, ge=0, le=1000)
    offset: int = Field(default=0, ge=0)


class Runs(BaseModel):
    """The answer to `RunsQuery`.

    Attributes:
        thread: None for a conversation that is unknown or deleted.
    """

    model_config = ConfigDict(frozen=True)

    thread: ThreadRecord | None
    runs: tuple[RunRecord, ...] = ()
    total: int = 0
