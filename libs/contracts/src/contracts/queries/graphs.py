"""What agent-runner is asked of its graphs, and of the states of threads as LangGraph has them."""

from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

GRAPHS: Final = "runner.graphs"


class GraphsQuery(BaseModel):
    """Which graphs are served."""


class Graphs(BaseModel):
    """The answer to `GraphsQuery`.

    Attributes:
        names: in the order in which they were given.
        default: the graph of conversations that name none.
        langgraph: the version of the library.
    """

    model_config = ConfigDict(frozen=True)

    names: tuple[str, ...]
    default: str
    langgraph: str


GRAPH_VIEW: Final = "runner.graph_view"


class GraphViewQuery(BaseModel):
    """How one graph is made.

    Attributes:
        view: its schemas, its nodes and edges, or its subgraphs' schemas.
        xray: draw subgraphs, as deep as a number says.
        recurse: also the subgraphs of subgraphs.
        namespace: only this subgraph.
    """

    model_config = ConfigDict(frozen=True)

    graph: str
    view: Literal["schemas", "drawing", "subgraphs"]
    xray: bool | int = False
    recurse: bool = False
    namespace: str | None = None


class GraphView(BaseModel):
    """The answer to `GraphViewQuery`, as JSON; None for an unknown graph."""

    model_config = ConfigDict(frozen=True)

    view: Any = None


CHECKPOINT_IDS: Final = "runner.checkpoint_ids"


class CheckpointIdsQuery(BaseModel):
    """The checkpoints of one thread and namespace, the newest first.

    Attributes:
        checkpoint_id: only this one.
        before: only those before this one.
        metadata: only those whose metadata have these values.
    """

    model_config = ConfigDict(frozen=True)

    conversation: str
    namespace: str = ""
    checkpoint_id: str | None = None
    before: str | None = None
    metadata: dict[str, Any] = Field(default_factory=dict)
    limit: int = Field(default=10, ge=1, le=1000)


class CheckpointIds(BaseModel):
    """The answer to `CheckpointIdsQuery`."""

    model_config = ConfigDict(frozen=True)

    checkpoint_ids: tuple[str, ...] = ()


THREAD_STATES: Final = "runner.thread_states"


class ThreadStatesQuery(BaseModel):
    """States of a thread as LangGraph tells them, tasks and interrupts included.

    Attributes:
        graph: the graph that reads them; empty for the conversation's.
        checkpoint_ids: which; none for the newest.
        subgraphs: with the states of subgraphs in their tasks.
    """

    model_config = ConfigDict(frozen=True)

    conversation: str
    graph: str = ""
    namespace: str = ""
    checkpoint_ids: tuple[str, ...] = ()
    subgraphs: bool = False


class ThreadStates(BaseModel):
    """The answer to `ThreadStatesQuery`: JSON texts of as many as one answer should have, in order, one at
    least."""

    model_config = ConfigDict(frozen=True)

    states: tuple[str, ...] = ()


UPDATE_STATE: Final = "runner.update_state"


class StateUpdate(BaseModel):
    """One update, as if a node had made it."""

    model_config = ConfigDict(frozen=True)

    values: Any = None
    as_node: str | None = None


class UpdateState(BaseModel):
    """Change the state of a thread from outside.

    Attributes:
        checkpoint_id: the one to branch off from; None for the newest.
        supersteps: updates of each super-step, in order.
        key: names the request, so that it is not taken twice.
    """

    model_config = ConfigDict(frozen=True)

    conversation: str
    graph: str = ""
    namespace: str = ""
    checkpoint_id: str | None = None
    supersteps: tuple[tuple[StateUpdate, ...], ...]
    key: str | None = None


class StateUpdated(BaseModel):
    """The answer to `UpdateState`.

    Attributes:
        checkpoint_map: of a subgraph: by namespace, the checkpoints of it and of the graphs around it.
        refusal: why it was not done; None where it was.
        is_another: it was not done because its key names another request.
        is_busy: it was not done because a run waits or is in progress.
    """

    model_config = ConfigDict(frozen=True)

    checkpoint_id: str = ""
    namespace: str = ""
    checkpoint_map: dict[str, str] = Field(default_factory=dict)
    refusal: str | None = None
    is_another: bool = False
    is_busy: bool = False


COPY_THREAD: Final = "runner.copy_thread"


class CopyThread(BaseModel):
    """Begin a conversation with all checkpoints of another one."""

    model_config = ConfigDict(frozen=True)

    conversation: str
    target: str


class ThreadCopied(BaseModel):
    """The answer to `CopyThread`."""

    model_config = ConfigDict(frozen=True)

    outcome: Literal["copied", "no_conversation"]
