"""What a responder did about a message: one run per message, any number of attempts at it."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from contracts.events.base import Event
from contracts.events.checkpoint import ROOT, CheckpointSaved
from contracts.events.message import OutputFormat

StepKind = Literal["planning", "action", "final_answer"]


class Step(BaseModel):
    """One step as a person reads it."""

    model_config = ConfigDict(frozen=True)

    kind: StepKind
    text: str


class RunEvent(Event):
    """What all facts about a run carry.

    Attributes:
        run_id: id of the event that the run answers.
        message_sequence: that event's position in the log; messages are answered in this order.
        attempt: 1 for the first; a takeover counts on.
    """

    run_id: str
    message_sequence: int
    attempt: int = 1


class RunStarted(RunEvent):
    """A runner took the message up. With an attempt above 1 it took the run over, and whoever
    had it before can append nothing more."""

    type: ClassVar[str] = "run.started"

    graph: str = ""


class NodeCompleted(RunEvent):
    """A node of the graph ended.

    Attributes:
        step: the super-step's number in the thread.
        update: the node's state update, as JSON.
        steps: what of it a person should read.
        checkpoints: the state that the super-step led to, behind what was not carried before; only the last
            of the super-step's nodes carries it. In version 1 they were events beside it.
    """

    type: ClassVar[str] = "run.node_completed"
    version: ClassVar[int] = 2
    carried: ClassVar[Mapping[str, str]] = {"checkpoints": CheckpointSaved.type}

    node: str
    step: int
    update: Any = None
    steps: tuple[Step, ...] = ()
    checkpoints: tuple[CheckpointSaved, ...] = ()

    def tokens(self, event_id: str) -> tuple[str, ...]:
        """As a checkpoint's, where it carries any of the root graph."""
        return (ROOT,) if any(not saved.namespace for saved in self.checkpoints) else ()


class RunStreamed(RunEvent):
    """What a run showed while it went, recorded some frames at a time.

    Attributes:
        first: the number of the first of them, from 0 on in each attempt.
        frames: event names and their data, as JSON text.
    """

    type: ClassVar[str] = "run.streamed"

    first: int
    frames: tuple[tuple[str, str], ...]


class RunEnded(RunEvent):
    """What all ends of a run carry.

    Attributes:
        deltas: how many live deltas the attempt sent, so that a reader knows when it has them all.
    """

    deltas: int = 0


class RunInterrupted(RunEnded):
    """The run ended with a question to a person. The next message or answer is taken as theirs, unless
    it was sent before the question was asked.

    Attributes:
        interrupt_id: names the question, so that a late answer cannot answer a later one.
        context: what a person needs to decide, as JSON.
    """

    type: ClassVar[str] = "run.interrupted"

    interrupt_id: str
    question: str
    context: dict[str, Any] = Field(default_factory=dict)


class RunCompleted(RunEnded):
    """The run ended with an answer.

    Attributes:
        text: the reply as text.
        output: the result in the form the message asked for, as JSON, where that is not the text.
        output_format: that form, where the message asked for one.
        stopped_at: the nodes that were to come, where the run stopped at a breakpoint.
    """

    type: ClassVar[str] = "run.completed"

    text: str
    output: Any = None
    output_format: OutputFormat | None = None
    stopped_at: tuple[str, ...] = ()


class RunFailed(RunEnded):
    """The run ended without an answer.

    Attributes:
        error: what to tell the user.
        code: stable, for programs.
    """

    type: ClassVar[str] = "run.failed"

    error: str
    code: str = "run_failed"


class RunCancelled(RunEnded):
    """The run was stopped on request; with `rolled_back` the turn left no trace in the state."""

    type: ClassVar[str] = "run.cancelled"

    rolled_back: bool = False


class ToolCalled(RunEvent):
    """A tool with side effects is about to be called.

    Attributes:
        call_id: the idempotency key; a takeover calls with the same one.
    """

    type: ClassVar[str] = "run.tool_called"

    call_id: str
    tool: str
    arguments: dict[str, Any]


class ToolReturned(RunEvent):
    """What the tool call came to; a takeover uses it instead of calling again."""

    type: ClassVar[str] = "run.tool_returned"

    call_id: str
    result: Any = None
    error: str | None = None


ENDS = (RunCompleted, RunInterrupted, RunFailed, RunCancelled)
"""After one of these a run appends nothing more."""
