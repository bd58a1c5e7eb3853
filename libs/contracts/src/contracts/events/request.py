"""Runs as they are asked for: any input to one graph on a conversation, with its options."""

import hashlib
import json
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from contracts.events.base import Event, Work

StreamMode = Literal[
    "values",
    "updates",
    "messages",
    "messages-tuple",
    "custom",
    "tasks",
    "checkpoints",
    "debug",
    "events",
]

Nodes = Literal["*"] | tuple[str, ...]
"""Names of nodes, or all of them."""


class Origin(BaseModel):
    """The checkpoint that a run begins from, where that is not the newest one.

    Attributes:
        namespace: empty for the root graph, else the subgraph's path.
    """

    model_config = ConfigDict(frozen=True)

    checkpoint_id: str
    namespace: str = ""


class RunRequested(Work):
    """A run was asked for. The event's id is also the run's id.

    Attributes:
        protocol: the wire protocol it came by.
        graph: which graph runs; empty for the conversation's.
        assistant_id: the assistant that the caller named, whose graph and settings these are.
        input: any JSON; without one the graph continues from its state.
        command: ``resume``, ``update`` and ``goto``, those that were given, in place of an input.
        config: ``tags``, ``recursion_limit`` and ``configurable``, as far as given.
        context: the graph's runtime context.
        metadata: the caller's own, kept with the run and with its checkpoints.
        origin: where the run branches off.
        message_id: by which a repeated request is recognized, such as an idempotency key.
        user_id: who asked, without proof of identity.
        on_busy: what to do when a run is in progress.
        stream_modes: what is streamed of it.
        subgraphs: whether what subgraphs do is streamed too.
        stream: whether the stream is LangGraph's modes, or the events of its streaming protocol.
        interrupt_before: the nodes before which it stops.
        interrupt_after: the nodes after which it stops.
        durability: when LangGraph writes checkpoints.
        not_before: RFC 3339; the run waits until then.
        webhook: where the outcome is posted.
        ephemeral: the conversation ends with the run.
    """

    type: ClassVar[str] = "message.run_requested"

    protocol: str
    graph: str = ""
    assistant_id: str | None = None
    input: Any = None
    command: dict[str, Any] | None = None
    config: dict[str, Any] = Field(default_factory=dict)
    context: Any = None
    metadata: dict[str, Any] = Field(default_factory=dict)
    origin: Origin | None = None
    message_id: str | None = None
    user_id: str | None = None
    on_busy: Literal["enqueue", "reject", "interrupt", "rollback"] = "enqueue"
    stream_modes: tuple[StreamMode, ...] = ("values",)
    subgraphs: bool = False
    stream: Literal["modes", "protocol"] = "modes"
    interrupt_before: Nodes | None = None
    interrupt_after: Nodes | None = None
    durability: Literal["sync", "async", "exit"] = "async"
    not_before: str | None = None
    webhook: str | None = None
    ephemeral: bool = False

    @property
    def repeatable(self) -> bool:
        """Only what names itself can be told to be the same, or what was asked for before it was due."""
        return self.message_id is not None or self.not_before is not None


class MetadataChanged(Event):
    """Labels of a conversation were added or changed; the newest value of a name counts.

    Attributes:
        metadata: names and values that are set; the others stay.
    """

    type: ClassVar[str] = "control.metadata_changed"

    metadata: dict[str, Any]


class RequestTaken(Event):
    """A request with an idempotency key was taken; it commits with what the request did.

    Attributes:
        digest: SHA-256 of what was asked for, which tells another request with the same key.
        result: what came of it, where that cannot be read from elsewhere.
    """

    type: ClassVar[str] = "control.request_taken"

    digest: str
    result: dict[str, Any] = Field(default_factory=dict)

    @classmethod
    def of(cls, asked: BaseModel, **result: Any) -> "RequestTaken":
        """That `asked` was taken, and what came of it."""
        return cls(digest=_digest(asked), result=result)

    def is_for(self, asked: BaseModel) -> bool:
        """Whether it was `asked` that was taken."""
        return self.digest == _digest(asked)

    def tokens(self, event_id: str) -> tuple[str, ...]:
        """Its id, by which it is found where that is made of the key."""
        return (event_id,)


class RunForgotten(Event):
    """A person removed a run that has ended from the lists; its changes of the state stay.

    Attributes:
        run_id: the run that is listed no longer.
    """

    type: ClassVar[str] = "control.run_forgotten"

    run_id: str


def _digest(asked: BaseModel) -> str:
    text = json.dumps(asked.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
