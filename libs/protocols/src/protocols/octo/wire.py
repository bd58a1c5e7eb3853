"""The octo protocol, version 0.4.0: frames of its WebSocket. The bodies of its REST calls are in `bodies`.

The Korean texts are part of the protocol.
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, JsonValue, StringConstraints, TypeAdapter

from contracts.events.message import OutputFormat

MAX_MESSAGE = 100_000
MAX_ID = 128
CONNECTED_TEXT = "WebSocket 연결됨"
NODE_STARTS = "{} 시작..."
FAILED = "처리 중 에러가 발생했습니다: {}"
FINAL_ANSWER = "[최종 응답] {}"

Text = Annotated[str, StringConstraints(min_length=1, max_length=MAX_MESSAGE, pattern=r"\S")]
Id = Annotated[str, StringConstraints(min_length=1, max_length=MAX_ID)]

_TEXT: TypeAdapter[str] = TypeAdapter(Text)


def _answered(response: JsonValue) -> JsonValue:
    return _TEXT.validate_python(response) if isinstance(response, str) else response


Answer = Annotated[JsonValue, AfterValidator(_answered)]
"""What answers a question: text, or any other JSON for a graph that asks for it; null is none."""
OnBusy = Literal["enqueue", "reject", "interrupt", "rollback"]


class FromClient(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True)


class Say(FromClient):
    """``{"message","output_format"}``

    Attributes:
        message_id: the client's own name for the message, by which it can be sent again and is one.
    """

    message: Text
    output_format: OutputFormat = "chat"
    message_id: Id | None = None


class SayContent(FromClient):
    """The older ``{"type":"message","content"}``"""

    type: Literal["message"]
    content: Text
    output_format: OutputFormat = "chat"
    message_id: Id | None = None


class HumanResponse(FromClient):
    """The answer to the question that waits longest; a `response` counts before `approve`.

    Attributes:
        response: any JSON; an object whose keys are all ids of open questions answers each of them.
        interrupt_id: the question's own name, from its context, for clients that want to be exact.
    """

    type: Literal["human_response"]
    approve: bool | None = None
    response: Answer = None
    interrupt_id: Id | None = None


class Cancel(FromClient):
    """Stop the run in progress and those queued behind it."""

    type: Literal["cancel"]


class Connected(BaseModel):
    """The first frame."""

    type: Literal["connection"] = "connection"
    session_id: str
    message: str = CONNECTED_TEXT


class ChainStart(BaseModel):
    """A node starts."""

    event: Literal["on_chain_start"] = "on_chain_start"
    node: str
    data: str


class ChainEnd(BaseModel):
    """A node ended; `data` is its state update."""

    event: Literal["on_chain_end"] = "on_chain_end"
    node: str
    data: Any


class CustomEvent(BaseModel):
    """Something that a node says before it has ended; `data` is any JSON."""

    event: Literal["on_custom_event"] = "on_custom_event"
    node: str
    data: Any


class HitlRequest(BaseModel):
    """A person is asked. The context holds what is needed to decide, and the ``interrupt_id``."""

    type: Literal["hitl_request"] = "hitl_request"
    message: str
    context: dict[str, Any]


class Finished(BaseModel):
    """The result."""

    type: Literal["final"] = "final"
    output_format: OutputFormat
    content: Any


class Failed(BaseModel):
    """A frame was not understood, or a run failed; the connection stays open."""

    type: Literal["error"] = "error"
    error: str


ClientFrame = Say | SayContent | HumanResponse | Cancel
Frame = Connected | ChainStart | ChainEnd | CustomEvent | HitlRequest | Finished | Failed
