"""What clients of the LangGraph Agent Server API send. Unknown fields are ignored."""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from contracts.events.request import StreamMode

PROTOCOL: Final = "langgraph"
MAX_ID: Final = 128
MAX_NAME: Final = 200
PAGE: Final = 1000

OnBusy = Literal["reject", "rollback", "interrupt", "enqueue"]
Durability = Literal["sync", "async", "exit"]
Strategy = Literal["raise", "do_nothing"]
Id = Annotated[str, StringConstraints(min_length=1, max_length=MAX_ID)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=MAX_NAME)]
StoreKey = Annotated[str, StringConstraints(min_length=1, max_length=1024)]
Metadata = dict[str, Any]
Limit = Annotated[int, Field(ge=1, le=PAGE)]
Offset = Annotated[int, Field(ge=0, le=1 << 31)]


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _nothing_is_none(value: Any) -> Any:
    return {} if value is None else value


StreamModes = Annotated[
    list[StreamMode | Literal["messages-tuple"]], BeforeValidator(_listed), Field(min_length=1)
]
Nodes = Literal["*"] | list[Name]
Given = Annotated[dict[str, Any], BeforeValidator(_nothing_is_none)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="ignore")


class Checkpoint(_Body):
    """Names a checkpoint; without an id the newest one."""

    checkpoint_id: str | None = None
    checkpoint_ns: str | None = None
    thread_id: str | None = None
    checkpoint_map: dict[str, Any] | None = None


class ThreadCreate(_Body):
    """The body of ``POST /threads``."""

    thread_id: str | None = None
    metadata: Given = Field(default_factory=dict)
    if_exists: Strategy | None = None
    supersteps: list[dict[str, Any]] | None = None


class ThreadPatch(_Body):
    """The body of ``PATCH /threads/{thread_id}``."""

    metadata: Given = Field(default_factory=dict)


class ThreadFilter(_Body):
    """Which threads are meant."""

    metadata: Given = Field(default_factory=dict)
    values: Given = Field(default_factory=dict)
    status: Literal["idle", "busy", "interrupted", "error"] | None = None
    ids: list[str] | None = Field(default=None, max_length=PAGE)


class ThreadSearch(ThreadFilter):
    """The body of ``POST /threads/search``."""

    limit: Limit = 10
    offset: Offset = 0
    sort_by: Literal["thread_id", "status", "created_at", "updated_at", "state_updated_at"] | None = None
    sort_order: Literal["asc", "desc"] | None = None
    select: list[str] | None = None
    extract: dict[str, str] | None = Field(default=None, max_length=10)


class StateBody(_Body):
    """The body of ``POST /threads/{thread_id}/state``."""

    values: Any = None
    as_node: str | None = None
    checkpoint: Checkpoint | None = None
    checkpoint_id: str | None = None


class StateAt(_Body):
    """The body of ``POST /threads/{thread_id}/state/checkpoint``."""

    checkpoint: Checkpoint
    subgraphs: bool = False


class HistoryBody(_Body):
    """The body of ``POST /threads/{thread_id}/history``."""

    limit: Limit = 1
    before: dict[str, Any] | str | None = None
    metadata: Given = Field(default_factory=dict)
    checkpoint: Checkpoint | None = None


class RunCreate(_Body):
    """What a run is asked for with."""

    assistant_id: Name
    input: Any = None
    command: dict[str, Any] | None = None
    config: Given = Field(default_factory=dict)
    context: Any = None
    metadata: Given = Field(default_factory=dict)
    checkpoint: Checkpoint | None = None
    checkpoint_id: str | None = None
    stream_mode: StreamModes | None = None
    stream_subgraphs: bool = False
    stream_resumable: bool = False
    interrupt_before: Nodes | None = None
    interrupt_after: Nodes | None = None
    multitask_strategy: OnBusy | None = None
    on_disconnect: Literal["cancel", "continue"] | None = None
    on_completion: Literal["delete", "keep"] | None = None
    if_not_exists: Literal["create", "reject"] | None = None
    after_seconds: float | None = Field(default=None, ge=0, le=31_536_000)
    durability: Durability | None = None
    checkpoint_during: bool | None = None
    webhook: str | None = Field(default=None, max_length=2048)
    strict_resume: bool = False


class RunsCancel(_Body):
    """The body of ``POST /runs/cancel``."""

    thread_id: str | None = None
    run_ids: list[str] | None = Field(default=None, max_length=PAGE)
    status: Literal["pending", "running", "all"] | None = None


class AssistantCreate(_Body):
    """The body of ``POST /assistants``."""

    graph_id: Name
    assistant_id: str | None = None
    name: Name | None = None
    description: str | None = Field(default=None, max_length=10_000)
    config: Given = Field(default_factory=dict)
    context: Any = None
    metadata: Given = Field(default_factory=dict)
    if_exists: Strategy | None = None


class AssistantPatch(_Body):
    """The body of ``PATCH /assistants/{assistant_id}``: what is not given stays; metadata is added to."""

    graph_id: Name | None = None
    name: Name | None = None
    description: str | None = Field(default=None, max_length=10_000)
    config: dict[str, Any] | None = None
    context: Any = None
    metadata: Given = Field(default_factory=dict)


class AssistantVersions(_Body):
    """The body of ``POST /assistants/{assistant_id}/versions``."""

    metadata: Given = Field(default_factory=dict)
    limit: Limit = 10
    offset: Offset = 0


class AssistantLatest(_Body):
    """The body of ``POST /assistants/{assistant_id}/latest``."""

    version: int = Field(ge=1)


class ItemPut(_Body):
    """The body of ``PUT /store/items``; `ttl` in minutes."""

    namespace: list[str]
    key: StoreKey
    value: dict[str, Any]
    index: Literal[False] | list[Name] | None = None
    ttl: float | None = Field(default=None, gt=0)


class ItemDelete(_Body):
    """The body of ``DELETE /store/items``."""

    namespace: list[str] = Field(default_factory=list)
    key: StoreKey


class ItemsSearch(_Body):
    """The body of ``POST /store/items/search``."""

    namespace_prefix: list[str] | None = None
    filter: dict[str, Any] | None = None
    query: str | None = Field(default=None, max_length=10_000)
    limit: Limit = 10
    offset: Offset = 0
    refresh_ttl: bool | None = None


class NamespacesList(_Body):
    """The body of ``POST /store/namespaces``."""

    prefix: list[str] | None = None
    suffix: list[str] | None = None
    max_depth: int | None = Field(default=None, ge=1, le=1000)
    limit: Limit = 100
    offset: Offset = 0


class AssistantFilter(_Body):
    """Which assistants are meant."""

    graph_id: str | None = None
    metadata: Given = Field(default_factory=dict)
    name: str | None = None


class AssistantSearch(AssistantFilter):
    """The body of ``POST /assistants/search``."""

    limit: Limit = 10
    offset: Offset = 0
    sort_by: Literal["assistant_id", "graph_id", "name", "created_at", "updated_at"] | None = None
    sort_order: Literal["asc", "desc"] | None = None
    select: list[str] | None = None
