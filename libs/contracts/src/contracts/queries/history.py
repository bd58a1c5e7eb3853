"""What history-store is asked."""

from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from contracts.events.run import StepKind
from contracts.queries.base import Query

Status = Literal["active", "in_progress", "waiting_human", "completed"]


class Session(BaseModel):
    """A conversation that has not been deleted. Times are UTC with microseconds.

    Attributes:
        incarnation: sequence of the event it began with.
        status: ``active`` until the first message; ``waiting_human`` while a question is open.
        owner: the authenticated user it belongs to; None where anyone may read it.
        title: how it began: the first line of the first thing that was said; None until then.
        interrupt_id: names the open question, if there is one.
        last_sequence: its newest event.
        archived: its events are in the archive until somebody returns to it.
    """

    model_config = ConfigDict(frozen=True, from_attributes=True)

    key: str
    incarnation: int
    responder: str
    graph: str
    protocol: str
    user_id: str | None
    owner: str | None
    forked_from: str | None
    forked_checkpoint: str | None
    status: Status
    title: str | None = None
    interrupt_id: str | None
    question: str | None
    created_at: str
    updated_at: str
    last_sequence: int
    archived: bool = False


SESSIONS: Final = "history.sessions"


class SessionsQuery(Query):
    """The conversations that `caller` may see, the one with the newest event first.

    Attributes:
        search: only those whose key or title holds this text, whatever its case.
        user_id: only those listed under this user.
        status: only those in this state.
        protocol: only those opened by this wire protocol.
        archived: only those that are archived, or only those that are not.
        caller: the authenticated user who asks; conversations of other owners are left out.
        everybodys: whether those of all owners are wanted, as an operator may ask.
    """

    search: str | None = None
    user_id: str | None = None
    status: Status | None = None
    protocol: str | None = None
    archived: bool | None = None
    caller: str | None = None
    everybodys: bool = False
    limit: int = Field(default=500, ge=1, le=500)
    offset: int = Field(default=0, ge=0)


class Sessions(BaseModel):
    """The answer to `SessionsQuery`.

    Attributes:
        total: how many there are with these filters, whatever the limit; the answer may hold fewer
            than asked for, and `offset` plus their number is where to go on.
    """

    model_config = ConfigDict(frozen=True)

    sessions: tuple[Session, ...] = ()
    total: int


QUIET: Final = "history.quiet"


class QuietQuery(Query):
    """The conversations of which nothing is heard from a sequence on, the longest quiet first; not those that
    wait for an answer of a run, or are archived.

    Attributes:
        before: their newest event comes before this sequence.
        after: and behind this one.
        key: only this conversation.
    """

    before: int
    after: int = 0
    key: str | None = None
    limit: int = Field(default=100, ge=1, le=500)


class QuietConversation(BaseModel):
    """One of them.

    Attributes:
        listed: its whole row, as the projection can list it without its events.
    """

    model_config = ConfigDict(frozen=True)

    key: str
    last_sequence: int
    listed: dict[str, Any]


class Quiet(BaseModel):
    """The answer to `QuietQuery`."""

    model_config = ConfigDict(frozen=True)

    conversations: tuple[QuietConversation, ...] = ()


SESSION: Final = "history.session"


class SessionQuery(Query):
    """One conversation."""

    conversation: str


class SessionFound(BaseModel):
    """The answer to `SessionQuery`; None for a conversation that is unknown or deleted."""

    model_config = ConfigDict(frozen=True)

    session: Session | None


MESSAGES: Final = "history.messages"


class MessagesQuery(Query):
    """The newest messages of one conversation as its people and the agent exchanged them.

    Attributes:
        before: only those before this sequence.
    """

    conversation: str
    limit: int = Field(default=10, ge=1, le=100)
    before: int | None = None


class Message(BaseModel):
    """What was said to the conversation (human) or what a run replied or asked (ai)."""

    model_config = ConfigDict(frozen=True)

    sequence: int
    author: Literal["human", "ai"]
    content: str
    occurred_at: str


class Messages(BaseModel):
    """The answer to `MessagesQuery`, oldest first.

    Attributes:
        session: None for a conversation that is unknown or deleted.
        total: how many messages the conversation has.
    """

    model_config = ConfigDict(frozen=True)

    session: Session | None
    messages: tuple[Message, ...] = ()
    total: int = 0


HISTORY: Final = "history.entries"


class HistoryQuery(Query):
    """What was said and done in one conversation.

    Attributes:
        after: `History.next` of the page before; None for the first page.
    """

    conversation: str
    after: tuple[int, int] | None = None
    limit: int = Field(default=500, ge=1, le=500)


class HistoryEntry(BaseModel):
    """One message or step. Times are UTC with microseconds.

    Attributes:
        number: its place among the entries that come from the same event.
    """

    model_config = ConfigDict(frozen=True)

    sequence: int
    number: int = 0
    role: Literal["user", "agent"]
    content: str
    step_kind: StepKind | None
    occurred_at: str
    message_id: str | None = None


class History(BaseModel):
    """The answer to `HistoryQuery`, in order; empty for an unknown conversation.

    Attributes:
        owner: the authenticated user the conversation belongs to; None where anyone may read it.
        next: where the next page begins, None on the last one.
    """

    model_config = ConfigDict(frozen=True)

    entries: tuple[HistoryEntry, ...] = ()
    owner: str | None = None
    next: tuple[int, int] | None = None


QUOTATIONS: Final = "history.quotations"


class QuotationsQuery(Query):
    """The quotations that a user was given last, over all their conversations that are not deleted."""

    user_id: str
    limit: int = Field(default=10, ge=1, le=100)


class Quotations(BaseModel):
    """The answer to `QuotationsQuery`, the newest first."""

    model_config = ConfigDict(frozen=True)

    quote_ids: tuple[str, ...] = ()
