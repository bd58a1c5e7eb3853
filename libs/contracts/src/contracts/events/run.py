"""What a responder did about a message: one run per message, any number of attempts at it."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from contracts.events.base import Event
from contracts.events.checkpoint import ROOT, Blob, CheckpointSaved, WritesSaved
from contracts.events.message import OutputFormat
from contracts.text import Text

StepKind = Literal["planning", "action", "final_answer"]


class Step(BaseModel):
    """One step as a person reads it."""

    model_config = ConfigDict(frozen=True)

    kind: StepKind
    text: Text


class RunEvent(Event):
    """What all facts about a run carry.

    Attributes:
        run_id: id of the event that the run answers.
        message_sequence: that event's position in the log; messages are answered in this order.
        attempt: 1 for the first; each takeover adds 1.
    """

    run_id: str
    message_sequence: int
    attempt: int = 1


class RunStarted(RunEvent):
    """A runner began to answer the message. If `attempt` is above 1, it took the run over, and the runner
    before it can append nothing more.

    Attributes:
        graph: the graph that answers.
    """

    type: ClassVar[str] = "run.started"

    graph: str = ""


class NodeCompleted(RunEvent):
    """A node of the graph ended.

    Attributes:
        node: its name.
        step: the super-step's number in the thread.
        update: the node's state update, as JSON.
        steps: what of it a person should read.
        checkpoints: the state after the super-step, and before it the checkpoints that no event has yet; only
            the event of the super-step's last node has them. In version 1 they were separate events.
        writes: what the node wrote, if other nodes of its super-step had not ended yet. Until version 2 the
            event came when all had ended.
    """

    type: ClassVar[str] = "run.node_completed"
    version: ClassVar[int] = 3
    carried: ClassVar[Mapping[str, str]] = {
        "checkpoints": CheckpointSaved.type,
        "writes": WritesSaved.type,
    }

    node: str
    step: int
    update: Any = None
    steps: tuple[Step, ...] = ()
    checkpoints: tuple[CheckpointSaved, ...] = ()
    writes: tuple[WritesSaved, ...] = ()

    def tokens(self, event_id: str) -> tuple[str, ...]:
        """As a checkpoint's, where it carries any of the root graph."""
        return (ROOT,) if any(not saved.namespace for saved in self.checkpoints) else ()


class RunEnded(RunEvent):
    """What all ends of a run carry.

    Attributes:
        deltas: how many live deltas the attempt sent, so that a reader knows when it has them all.
    """

    deltas: int = 0


class Question(BaseModel):
    """What a graph waits for a person to answer.

    Attributes:
        interrupt_id: names the question, so that a late answer cannot answer a later one.
        question: its wording.
        context: what a person needs to decide, as JSON.
        value: what the graph asked with, whole, as JSON.
        response_schema: the JSON Schema of an answer, where the graph gave one.
        kind: ``breakpoint`` where the graph was compiled to stop here, and a yes lets it go on.
    """

    model_config = ConfigDict(frozen=True)

    interrupt_id: str
    question: Text
    context: dict[str, Any] = Field(default_factory=dict)
    value: Any = None
    response_schema: dict[str, Any] | None = None
    kind: Literal["interrupt", "breakpoint"] = "interrupt"


class RunInterrupted(RunEnded):
    """The run ended with questions to a person. The next message or answer is taken as theirs, unless
    it was sent before the question was asked.

    Attributes:
        questions: all that are open, in the graph's order. Version 1 had one, in fields of the event.
    """

    type: ClassVar[str] = "run.interrupted"
    version: ClassVar[int] = 2

    questions: tuple[Question, ...] = Field(min_length=1)

    @property
    def interrupt_id(self) -> str:
        """Of the first question."""
        return self.questions[0].interrupt_id

    @property
    def question(self) -> str:
        """The wording of all questions, one below the other."""
        return "\n\n".join(asked.question for asked in self.questions)


class RunCompleted(RunEnded):
    """The run ended with an answer.

    Attributes:
        text: the reply as text.
        output: the result in the form the message asked for, as JSON, where that is not the text.
        output_format: that form, where the message asked for one.
        stopped_at: the next nodes, if the run stopped at a breakpoint.
    """

    type: ClassVar[str] = "run.completed"

    text: Text
    output: Any = None
    output_format: OutputFormat | None = None
    stopped_at: tuple[str, ...] = ()


class RunFailed(RunEnded):
    """The run ended without an answer.

    Attributes:
        error: what to tell the user.
        code: stable, for programs.
        questions: those that are still open, such as one whose answer did not fit.
    """

    type: ClassVar[str] = "run.failed"
    version: ClassVar[int] = 2

    error: Text
    code: str = "run_failed"
    questions: tuple[Question, ...] = ()


class RunCancelled(RunEnded):
    """The run was stopped on request; with `rolled_back` the turn left no trace in the state.

    Attributes:
        rolled_back: what the run did is taken back.
    """

    type: ClassVar[str] = "run.cancelled"

    rolled_back: bool = False


class ToolCalled(RunEvent):
    """A tool with side effects is about to be called.

    Attributes:
        call_id: the idempotency key; a takeover calls with the same one.
        tool: its name.
        arguments: what it is called with, as JSON.
    """

    type: ClassVar[str] = "run.tool_called"

    call_id: str
    tool: str
    arguments: dict[str, Any]


class ToolReturned(RunEvent):
    """The result of the tool call; a takeover uses it instead of calling again.

    Attributes:
        call_id: the call that it ends.
        result: what the tool gave, as JSON.
        error: why it failed; None where it did not.
    """

    type: ClassVar[str] = "run.tool_returned"

    call_id: str
    result: Any = None
    error: Text | None = None


class CallReturned(RunEvent):
    """The result of a model, a tool or another call within a node; a takeover does not call again.

    Attributes:
        call_id: the same for the same call of a node at every attempt.
        name: what was called, such as ``tool:send_email``.
        outcome: what the call gave, as it is stored.
    """

    type: ClassVar[str] = "run.call_returned"

    call_id: str
    name: str
    outcome: Blob


ENDS = (RunCompleted, RunInterrupted, RunFailed, RunCancelled)
"""After one of these a run appends nothing more."""


def open_after(event: Event) -> tuple[Question, ...]:
    """The questions that are open once this event has happened, unless somebody answers or moves on."""
    return event.questions if isinstance(event, RunInterrupted | RunFailed) else ()


def asked_once(payload: dict[str, Any]) -> dict[str, Any]:
    """Version 1 of `RunInterrupted` as version 2."""
    names = ("interrupt_id", "question", "context")
    asked = {name: payload[name] for name in names if name in payload}
    value = {"question": asked.get("question"), "context": asked.get("context", {})}
    rest = {name: field for name, field in payload.items() if name not in names}
    return rest | {"questions": [asked | {"value": value}]}
