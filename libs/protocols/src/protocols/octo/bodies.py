"""The octo protocol, version 0.4.0: the bodies of its REST calls."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from protocols.octo.wire import Answer, Id, Text

SessionStatus = Literal["active", "in_progress", "waiting_human", "completed"]
StateStatus = Literal["in_progress", "waiting_human", "completed"]


class ErrorBody(BaseModel):
    """Every error of the REST calls."""

    detail: str


class ChatRequest(BaseModel):
    """The body of ``POST /chat``.

    Attributes:
        thread_id: the conversation to go on with; left out, the call is a new one.
        user_id: the user a new conversation is listed under.
        message_id: the caller's own name for the message, by which it can be sent to a `thread_id` again
            and is one.
        graph: what answers a new conversation; an old one keeps its own.
    """

    model_config = ConfigDict(
        strict=True,
        json_schema_extra={
            "examples": [{"message": "2023년 매출 데이터를 분석해주세요", "user_id": "user-1"}]
        },
    )

    message: Text
    thread_id: Id | None = None
    user_id: Id | None = None
    message_id: Id | None = None
    graph: Id | None = None


class ChatResponse(BaseModel):
    """The answer to ``POST /chat``: the final answer, or the question where a person is needed."""

    response: str = Field(examples=["[최종 응답] 안녕하세요! 무엇을 도와드릴까요?"])


class SessionItem(BaseModel):
    """A session in the list."""

    thread_id: str = Field(examples=["thread_0e06AFuOYA0wXyZ1"])
    user_id: str | None = Field(examples=["user-1"])
    status: SessionStatus
    created_at: str = Field(examples=["2025-11-03T10:00:00Z"])
    updated_at: str = Field(examples=["2025-11-03T10:00:05Z"])


class SessionList(BaseModel):
    """The answer to ``GET /api/sessions``; `total` counts all that fit the filters."""

    sessions: list[SessionItem]
    total: int


class GraphState(BaseModel):
    """The graph's own state, under its own names; these are the planner's, and there for every graph."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "messages": [{"type": "HumanMessage", "content": "안녕하세요", "id": "m1"}],
                    "user_intent": {"kind": "greeting", "language": "ko"},
                    "plan": {"goal": "인사", "steps": []},
                    "current_step": 0,
                    "is_planning": False,
                    "is_executing": False,
                    "final_result": "안녕하세요! 무엇을 도와드릴까요?",
                }
            ]
        },
    )

    messages: Any = []
    user_intent: Any = {}
    plan: Any = {}
    current_step: Any = 0
    is_planning: Any = False
    is_executing: Any = False
    final_result: Any = ""


class SessionState(BaseModel):
    """The answer to ``GET /api/sessions/{id}``; `checkpoint_id` is null before the first checkpoint."""

    thread_id: str
    status: StateStatus
    state: GraphState
    checkpoint_id: str | None


class Done(BaseModel):
    """The answer to ``DELETE /api/sessions/{id}``."""

    message: str = Field(examples=["Session thread_0e06AFuOYA0wXyZ1 deleted successfully"])


class ResumeRequest(BaseModel):
    """The body of ``POST /api/sessions/{id}/resume``; a `response` counts before `approve`.

    Attributes:
        response: any JSON; an object whose keys are all ids of open questions answers each of them.
    """

    model_config = ConfigDict(
        strict=True,
        json_schema_extra={
            "examples": [{"approve": True}, {"response": "계약 금액을 1000만원으로 수정해주세요"}]
        },
    )

    approve: bool | None = None
    response: Answer = None
    interrupt_id: Id | None = None


class Resumed(BaseModel):
    """The answer to ``POST /api/sessions/{id}/resume``, once the run has ended or asks again."""

    success: bool
    message: str = Field(examples=["Session resumed with auto-approval"])
    state: GraphState


class Cancelled(BaseModel):
    """The answer to ``POST /api/sessions/{id}/cancel``; `run_ids` are the runs that were to stop."""

    success: bool
    message: str = Field(examples=["Session run cancelled"])
    run_ids: list[str]


class CheckpointItem(BaseModel):
    """One checkpoint; `step` counts from 0 in the order of the thread."""

    checkpoint_id: str
    thread_id: str
    checkpoint_ns: str = ""
    step: int


class CheckpointList(BaseModel):
    """The answer to ``GET /api/sessions/{id}/checkpoints``, the oldest first."""

    checkpoints: list[CheckpointItem]
    total: int


class CheckpointState(BaseModel):
    """The state at one checkpoint."""

    thread_id: str
    checkpoint_id: str
    state: GraphState


class ForkRequest(BaseModel):
    """The body of ``POST /api/sessions/{id}/fork``; without `thread_id` the server makes one."""

    model_config = ConfigDict(
        strict=True,
        json_schema_extra={"examples": [{"checkpoint_id": "1f0b8a10-3f0e-6b2a-8001-8f3c9b0e7a11"}]},
    )

    checkpoint_id: Id
    thread_id: Id | None = None


class Forked(BaseModel):
    """The answer to ``POST /api/sessions/{id}/fork``: a new conversation in the state of the checkpoint."""

    thread_id: str
    checkpoint_id: str
    forked_from: str
    state: GraphState


class HistoryMessage(BaseModel):
    """One message."""

    type: Literal["HumanMessage", "AIMessage"]
    content: str


class SessionHistory(BaseModel):
    """The answer to ``GET /api/sessions/{id}/history``: the newest messages, in order."""

    thread_id: str
    total_messages: int
    returned_messages: int
    messages: list[HistoryMessage]
