"""The quote protocol's bodies: what a client sends, and every answer and stream event it gets.

Field names are the protocol's own. The routes are edge-rest's.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer, ValidationError

from contracts import subjects
from contracts.events.quote import Quote

MAX_CONTENT_LENGTH: Final = 100_000
"""Characters of one message; longer ones are refused."""

MISSING_FIELDS: Final = "필수 필드가 누락되었습니다."
MISSING_PARAMETERS: Final = "필수 파라미터가 누락되었습니다."
NOT_FOUND: Final = "대화를 찾을 수 없습니다."
SERVER_ERROR: Final = "서버 내부 오류가 발생했습니다."


def format_time(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds, such as ``2024-01-15T10:30:00.000Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


_READS_AS_ESCAPED: Final = re.compile(r"%(?=25|3A)")
_TOKEN: Final = re.compile(r"\s*\S+|\s+$")


def tokens(text: str) -> tuple[str, ...]:
    """The tokens that a stream sends `text` as: a word each with the space before it; joined they are `text`.

    Whoever answers and whoever repeats an answer from the log must cut it alike.
    """
    return tuple(_TOKEN.findall(text))


WireTime: TypeAlias = Annotated[AwareDatetime, PlainSerializer(format_time, return_type=str)]
Status: TypeAlias = Literal["pending", "completed", "error"]


class BadRequestError(ValueError):
    """The client's mistake.

    Attributes:
        message: the protocol's text for it.
        code: what exactly is wrong, for programs.
    """

    def __init__(self, message: str, code: str) -> None:
        super().__init__(f"{message} ({code})")
        self.message = message
        self.code = code


class Wire(BaseModel):
    """Names on the wire are camelCase, here as there."""

    model_config = ConfigDict(frozen=True)


class ConversationName(Wire):
    """Which conversation: a user's thread."""

    userId: str = Field(min_length=1)  # noqa: N815 - the protocol's own name
    threadNum: str = Field(min_length=1)  # noqa: N815 - the protocol's own name

    @property
    def key(self) -> str:
        """The conversation's key on every other protocol; no two names have the same."""
        return f"{_part(self.userId)}:{_part(self.threadNum)}"


class SendRequest(ConversationName):
    """One message of the user; all fields are required strings."""

    model_config = ConfigDict(frozen=True, strict=True)

    content: str = Field(min_length=1, max_length=MAX_CONTENT_LENGTH)
    timestamp: str = Field(min_length=1)

    @property
    def moment(self) -> datetime:
        """The client's time of the message, in UTC."""
        return _moment(self.timestamp)

    @property
    def message_id(self) -> str:
        """The same for a message sent again: its moment, however it was written."""
        return self.moment.isoformat(timespec="microseconds")


def parse_send(body: object) -> SendRequest:
    """Check a decoded JSON body.

    Raises:
        BadRequestError: on anything missing, empty, wrongly typed, too long or unparsable.
    """
    try:
        request = SendRequest.model_validate(body)
    except ValidationError as error:
        raise BadRequestError(MISSING_FIELDS, _code(error, "body")) from None
    if not request.content.strip():
        raise BadRequestError(MISSING_FIELDS, "INVALID_CONTENT")
    _check_key(request, MISSING_FIELDS)
    try:
        _moment(request.timestamp)
    except (ValueError, OverflowError):
        raise BadRequestError(MISSING_FIELDS, "INVALID_TIMESTAMP") from None
    return request


def parse_name(parameters: Mapping[str, str]) -> ConversationName:
    """Check the query string of a status or stream request.

    Raises:
        BadRequestError: on a missing or empty parameter.
    """
    try:
        name = ConversationName.model_validate(dict(parameters))
    except ValidationError as error:
        raise BadRequestError(MISSING_PARAMETERS, _code(error, "query")) from None
    _check_key(name, MISSING_PARAMETERS)
    return name


def _part(text: str) -> str:
    """A colon is written %3A, and a % that would read as the beginning of that is written %25."""
    return _READS_AS_ESCAPED.sub("%25", text).replace(":", "%3A")


def _check_key(name: ConversationName, message: str) -> None:
    if not name.threadNum.strip():
        raise BadRequestError(message, "INVALID_THREADNUM")
    if not name.userId.strip():
        raise BadRequestError(message, "INVALID_USERID")
    try:
        subjects.check_key(name.key)
    except subjects.InvalidKey:
        raise BadRequestError(message, "INVALID_USERID") from None


def _code(error: ValidationError, whole: str) -> str:
    first = error.errors()[0]
    kind = "MISSING" if first["type"] == "missing" else "INVALID"
    return f"{kind}_{first['loc'][0] if first['loc'] else whole}".upper()


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


class SendResponse(ConversationName):
    """The answer to a send; `content` and `quote` once the fourth stage is answered."""

    timestamp: WireTime
    status: Status
    content: str | None = None
    quote: Quote | None = None

    def body(self) -> dict[str, Any]:
        """As JSON values; a pending answer has neither content nor quote."""
        return self.model_dump(exclude_none=True)


class StatusResponse(ConversationName):
    """Where a conversation stands; `content` is the last reply, empty before the first."""

    timestamp: WireTime
    status: Status
    content: str
    quote: Quote | None = None


class HealthResponse(Wire):
    """The health check."""

    status: Literal["ok"] = "ok"
    timestamp: WireTime
    activeConversations: int = Field(ge=0)  # noqa: N815 - the protocol's own name


class ErrorResponse(Wire):
    """Every error's body."""

    error: str
    code: str | None = None

    def body(self) -> dict[str, Any]:
        """As JSON values, without an empty code."""
        return self.model_dump(exclude_none=True)


class ContentEvent(Wire):
    """One token of the reply; all of them joined are the reply."""

    type: Literal["content"] = "content"
    data: str
    timestamp: WireTime


class QuoteEvent(Wire):
    """The quotation, after the last token of the fourth stage."""

    type: Literal["quote"] = "quote"
    data: Quote
    timestamp: WireTime


class CompleteEvent(Wire):
    """The end of the reply and of the stream."""

    type: Literal["complete"] = "complete"
    timestamp: WireTime


StreamEvent: TypeAlias = Annotated[ContentEvent | QuoteEvent | CompleteEvent, Field(discriminator="type")]
