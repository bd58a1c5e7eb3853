"""The step-based agent protocol: frames of its WebSocket, bodies of its REST calls."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contracts.events.run import StepKind

MAX_MESSAGE = 100_000
MAX_ID = 200

StepType = Literal["PlanningStep", "ActionStep", "FinalAnswerStep"]

STEP_TYPES: dict[StepKind, StepType] = {
    "planning": "PlanningStep",
    "action": "ActionStep",
    "final_answer": "FinalAnswerStep",
}

Text = Annotated[str, StringConstraints(min_length=1, max_length=MAX_MESSAGE, pattern=r"\S")]


class ClientMessage(BaseModel):
    """What a client sends."""

    model_config = ConfigDict(frozen=True, strict=True)

    type: Literal["client"]
    message: Text
    message_id: Annotated[str, StringConstraints(min_length=1, max_length=MAX_ID)]


class AgentStep(BaseModel):
    """One step of the answer, sent as it happens."""

    type: Literal["agent_step"] = "agent_step"
    step_type: StepType
    message: str
    message_id: str
    chat_id: str


class MessageEnd(BaseModel):
    """The answer is complete."""

    type: Literal["message_end"] = "message_end"
    message_id: str
    chat_id: str


class AgentError(BaseModel):
    """The message could not be understood or answered."""

    type: Literal["agent_error"] = "agent_error"
    error: str
    chat_id: str
    message_id: str | None = None


Frame = AgentStep | MessageEnd | AgentError


class HistoryItem(BaseModel):
    """One line of ``GET /history/{chat_id}``; the time is UTC, ``2025-04-03 20:45:12``."""

    role: Literal["user", "agent"]
    content: str
    step_type: StepType | None
    timestamp: str


class RunRequest(BaseModel):
    """The body of ``POST /agent/run``."""

    model_config = ConfigDict(strict=True)

    task: Text = Field(examples=["get all contacts"])
    chat_id: str | None = Field(default=None, max_length=128)
    graph: str | None = Field(default=None, min_length=1, max_length=128)


class RunStep(BaseModel):
    """One step of the answer to ``POST /agent/run``."""

    step_type: StepType
    content: str
