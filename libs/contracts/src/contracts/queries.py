"""Questions that services answer over request/reply, and their answers."""

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

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


Status = Literal["active", "in_progress", "waiting_human", "completed"]


class Session(BaseModel):
    """A conversation that has not been deleted. Times are UTC with microseconds.

    Attributes:
        incarnation: sequence of the event it began with.
        status: ``active`` until the first message; ``waiting_human`` while a question is open.
        owner: the authenticated user it belongs to; None where anyone may read it.
        interrupt_id: names the open question, if there is one.
        last_sequence: its newest event.
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
    interrupt_id: str | None
    question: str | None
    created_at: str
    updated_at: str
    last_sequence: int


SESSIONS: Final = "history.sessions"


class SessionsQuery(Query):
    """The conversations that `caller` may see, the one with the newest event first.

    Attributes:
        user_id: only those listed under this user.
        status: only those in this state.
        protocol: only those opened by this wire protocol.
        caller: the authenticated user who asks; conversations of other owners are left out.
    """

    user_id: str | None = None
    status: Status | None = None
    protocol: str | None = None
    caller: str | None = None
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
    """The newest messages of one conversation as its people and the agent exchanged them."""

    conversation: str
    limit: int = Field(default=10, ge=1, le=100)


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


SPOKEN_COMMANDS: Final = "runner.spoken_commands"


class SpokenCommandsQuery(Query):
    """What can be said to the agent, for recognizers that need a grammar."""


class SpokenCommands(BaseModel):
    """The answer to `SpokenCommandsQuery`.

    Attributes:
        phrases: such as ``get all contacts`` or ``email of {name}``; slots are ``{name}``, ``{number}``
            and ``{year}``.
        names: what ``{name}`` stands for.
    """

    model_config = ConfigDict(frozen=True)

    phrases: tuple[str, ...]
    names: tuple[str, ...] = ()


VOICE_OPEN: Final = "voice.open"


class OpenVoice(BaseModel):
    """Hold the voice session of a conversation, in place of whoever held it before.

    Attributes:
        link: names the pair of subjects that frames are exchanged over, see `voice_link`.
    """

    model_config = ConfigDict(frozen=True)

    conversation: str
    link: str


class VoiceOpened(BaseModel):
    """The answer to `OpenVoice`: from here on frames are taken."""

    model_config = ConfigDict(frozen=True)

    replica: str


QUOTATIONS: Final = "history.quotations"


class QuotationsQuery(Query):
    """The quotations that a user was given last, over all their conversations that are not deleted."""

    user_id: str
    limit: int = Field(default=10, ge=1, le=100)


class Quotations(BaseModel):
    """The answer to `QuotationsQuery`, the newest first."""

    model_config = ConfigDict(frozen=True)

    quote_ids: tuple[str, ...] = ()


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


STATE: Final = "runner.state"


class StateQuery(BaseModel):
    """A graph's state at a checkpoint, the newest one unless it is named.

    Attributes:
        part: which part of the answer, from 0; a large state takes several, for which the checkpoint
            has to be named.
    """

    model_config = ConfigDict(frozen=True)

    conversation: str
    checkpoint_id: str | None = None
    part: int = Field(default=0, ge=0)


class StatePart(BaseModel):
    """The answer to `StateQuery`.

    Attributes:
        checkpoint_id: None if there is no such checkpoint.
        text: a piece of the state's JSON.
        parts: how many pieces there are.
    """

    model_config = ConfigDict(frozen=True)

    checkpoint_id: str | None = None
    text: str = "{}"
    parts: int = 1


CHECKPOINTS: Final = "runner.checkpoints"


class CheckpointsQuery(BaseModel):
    """The checkpoints of a conversation's graph, a page at a time."""

    model_config = ConfigDict(frozen=True)

    conversation: str
    offset: int = Field(default=0, ge=0)


class Checkpoints(BaseModel):
    """The answer to `CheckpointsQuery`: ids, the oldest first, and how many there are in all."""

    model_config = ConfigDict(frozen=True)

    checkpoint_ids: tuple[str, ...] = ()
    total: int = 0


FORK: Final = "runner.fork"


class Fork(BaseModel):
    """Begin a conversation from a checkpoint of another one."""

    model_config = ConfigDict(frozen=True)

    conversation: str
    checkpoint_id: str
    target: str


class Forked(BaseModel):
    """The answer to `Fork`."""

    model_config = ConfigDict(frozen=True)

    outcome: Literal["forked", "no_conversation", "no_checkpoint", "target_exists"]
