"""Questions that services answer over request/reply, and their answers."""

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from contracts.events.run import Step, StepKind


class Query(BaseModel):
    """What every query has.

    Attributes:
        at_least: the answer must take in the log up to this sequence; 0 for any.
    """

    model_config = ConfigDict(frozen=True)

    at_least: int = 0


class Failure(BaseModel):
    """The answer when a query could not be answered; no other answer has a field `failure`.

    Attributes:
        failure: ``behind`` if the projection did not reach `at_least` in time.
    """

    model_config = ConfigDict(frozen=True)

    failure: Literal["behind", "invalid", "internal"]
    message: str


HISTORY: Final = "history.entries"


class HistoryQuery(Query):
    """All that was said in one conversation."""

    conversation: str


class HistoryEntry(BaseModel):
    """One message or step. Times are UTC with microseconds."""

    model_config = ConfigDict(frozen=True)

    sequence: int
    role: str
    content: str
    step_kind: StepKind | None
    occurred_at: str
    message_id: str | None = None


class History(BaseModel):
    """The answer to `HistoryQuery`, in order; empty for an unknown conversation."""

    model_config = ConfigDict(frozen=True)

    entries: tuple[HistoryEntry, ...] = ()


RUN_ONCE: Final = "runner.run_once"


class RunOnce(BaseModel):
    """Run a graph on a task and keep nothing."""

    model_config = ConfigDict(frozen=True)

    task: str
    graph: str = ""
    conversation: str | None = None


class RunOnceResult(BaseModel):
    """The steps in order."""

    model_config = ConfigDict(frozen=True)

    steps: tuple[Step, ...]
