"""The room protocol: frames of its WebSocket, and the answer that gives a new room."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, TypeAdapter

MAX_MESSAGE = 100_000
MAX_ID = 200

Identifier = Annotated[str, StringConstraints(max_length=MAX_ID)]


class _Command(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True)


class StatusCommand(_Command):
    """Asks whether the connection lives."""

    action: Literal["status"]


class SendCommand(_Command):
    """Says something in the room.

    Attributes:
        message_id: the client's own name for it, by which it can be sent again and is one.
    """

    action: Literal["sendmsg"]
    room_uid: str
    msg: Annotated[str, StringConstraints(min_length=1, max_length=MAX_MESSAGE, pattern=r"\S")]
    user_id: Identifier | None = None
    org_id: Identifier | None = None
    message_id: Identifier | None = None


Command = Annotated[StatusCommand | SendCommand, Field(discriminator="action")]
COMMANDS: TypeAdapter[StatusCommand | SendCommand] = TypeAdapter(Command)


class _Exact(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Nothing(_Exact):
    """The data of every start and end."""


class MessageChunk(_Exact):
    """LangChain's ``AIMessageChunk``, every field of it."""

    content: str | list[JsonValue]
    additional_kwargs: dict[str, JsonValue]
    response_metadata: dict[str, JsonValue]
    type: Literal["AIMessageChunk"]
    name: str | None
    id: str | None
    example: bool
    tool_calls: list[JsonValue]
    invalid_tool_calls: list[JsonValue]
    usage_metadata: dict[str, JsonValue] | None
    tool_call_chunks: list[JsonValue]


class TokenData(_Exact):
    """One token."""

    chunk: MessageChunk


class RoomMessage(BaseModel):
    """A message in a node's update; a tool's has its ``tool_call_id`` too."""

    model_config = ConfigDict(frozen=True, extra="allow")

    role: str
    content: str | list[JsonValue]
    tool_calls: list[JsonValue] | None


class Messages(BaseModel):
    """An update that adds messages."""

    model_config = ConfigDict(frozen=True, extra="allow")

    messages: list[RoomMessage]


class UpdateData(_Exact):
    """A node's update, or by the root ``{node: update}``; what is in it is the graph's own matter."""

    chunk: Messages | dict[str, Messages] | JsonValue


class ErrorData(_Exact):
    """What went wrong."""

    error: str


class _Event(_Exact):
    """What every LangChain event has.

    Attributes:
        run_id: a UUID, one for each node of the run.
        parent_ids: the nodes around it, the root first.
        id: the frame's place in the room, to resume after.
    """

    run_id: str
    parent_ids: list[str]
    tags: list[str]
    id: str | None = None


class Boundary(_Event):
    """Something begins or ends."""

    event: Literal["on_chain_start", "on_chain_end", "on_chat_model_start", "on_tool_start", "on_tool_end"]
    data: Nothing


class Token(_Event):
    """The model said something."""

    event: Literal["on_chat_model_stream"]
    data: TokenData


class Update(_Event):
    """A node changed the state."""

    event: Literal["on_chain_stream"]
    data: UpdateData


class Failure(_Event):
    """A tool failed, or the run with its root."""

    event: Literal["on_chain_error", "on_tool_error"]
    data: ErrorData


class _Notice(_Exact):
    model_config = ConfigDict(json_schema_serialization_defaults_required=True)


class Connected(_Notice):
    """The answer to the action ``status``."""

    status: Literal["connected"] = "connected"
    connection_id: str
    msgtype: Literal["info"] = "info"


class Refusal(_Notice):
    """The answer to what is not understood or not accepted."""

    status: Literal["error"] = "error"
    msgtype: Literal["error"] = "error"
    message: str


class Resync(_Notice):
    """The id to resume after is unknown or too old; the state comes next."""

    status: Literal["resync"] = "resync"
    msgtype: Literal["info"] = "info"


class State(_Notice):
    """What was said before the events that follow.

    Attributes:
        messages: the newest, in order.
        total: how many there are in all.
        id: as in an event, None before the first turn.
    """

    status: Literal["state"] = "state"
    msgtype: Literal["info"] = "info"
    messages: list[RoomMessage]
    total: int
    id: str | None = None


class Restart(_Notice):
    """The turn begins again: the events of the run `run_id` are void, those of another root follow."""

    status: Literal["restart"] = "restart"
    msgtype: Literal["info"] = "info"
    run_id: str
    id: str


EVENTS: TypeAdapter[Boundary | Token | Update | Failure] = TypeAdapter(
    Annotated[Boundary | Token | Update | Failure, Field(discriminator="event")]
)

FRAMES: tuple[type[BaseModel], ...] = (
    StatusCommand,
    SendCommand,
    Boundary,
    Token,
    Update,
    Failure,
    Connected,
    Refusal,
    Resync,
    State,
    Restart,
)
"""Every frame, for their schemas."""


class NewRoom(BaseModel):
    """The answer of ``GET /v3/room/uid/``."""

    room_uid: str = Field(pattern="^[A-Za-z0-9]{12}$", examples=["0e06AFuOYA0w"])


def assistant(content: Any) -> RoomMessage:
    """What the assistant said."""
    return RoomMessage(role="assistant", content=content, tool_calls=None)
