"""The tables of the projection. All of it can be dropped and built again from the log.

Times are RFC 3339 text in UTC, so that a row is the same in every database.
"""

from typing import Any, Final

from sqlalchemy import BigInteger, Index, Integer, MetaData, String, Table
from sqlmodel import Field, SQLModel

SCHEMA_VERSION: Final = 10
"""Raise it with every change of the tables or of what the projections write: the rows are then rebuilt."""


def _position(*, primary_key: bool = False) -> Any:
    """A column of a position in the log, which needs 53 bits."""
    wide = BigInteger().with_variant(
        Integer(), "sqlite"
    )  # there it is as wide, and the key of the row itself
    if primary_key:
        return Field(sa_type=wide, primary_key=True, sa_column_kwargs={"autoincrement": False})
    return Field(sa_type=wide)


class ConversationRow(SQLModel):
    """A conversation that has not been deleted.

    Attributes:
        incarnation: sequence of its `ConversationStarted`; a key used again after deletion gets a new one.
        unanswered: how many messages wait for the end of their run.
        title: how it began: the first line of the first thing that was said.
        interrupt_id: the question that waits for a person, None if none does.
        updated_at: when the newest event of the conversation happened; lists are ordered by it.
        last_sequence: that event.
        labels: its metadata, a JSON object with its names in order.
        outcome: how the last run ended: completed, asked, stopped, cancelled or failed.
        error: what the last run failed with, and its kind.
        state_updated_at: when a run last ended, or the conversation began.
        archived: its events are in the archive, and so it has no other rows.
    """

    incarnation: int = _position(primary_key=True)
    key: str = Field(unique=True)
    responder: str
    graph: str
    protocol: str
    user_id: str | None = None
    owner: str | None = None
    forked_from: str | None = None
    forked_checkpoint: str | None = None
    status: str = "active"
    unanswered: int = 0
    title: str | None = None
    interrupt_id: str | None = None
    question: str | None = None
    created_at: str
    updated_at: str
    last_sequence: int = _position()
    labels: str = "{}"
    outcome: str | None = None
    error: str | None = None
    error_kind: str | None = None
    state_updated_at: str
    archived: bool = False


class Conversation(ConversationRow, table=True):
    """The table of conversations."""

    __tablename__ = "conversation"
    __table_args__ = (
        Index("ix_conversation_recent", "updated_at", "last_sequence"),
        Index("ix_conversation_user_recent", "user_id", "updated_at", "last_sequence"),
        Index("ix_conversation_status_recent", "status", "updated_at", "last_sequence"),
        Index("ix_conversation_last", "last_sequence"),
    )


class EntryRow(SQLModel):
    """One thing that was said or done in a conversation.

    Attributes:
        sequence: the event it comes from.
        number: its place among the entries of that event.
        incarnation: the conversation it belongs to.
        run_id: the run it is part of; the entries of a run that was rolled back are removed.
        kind: message, answer, step, question, reply, failure, or heard: what the user heard of a spoken
            reply that was cut, which stands for the run's reply and question.
        step_kind: for a step, which.
        message_id: the client's own id of a message.
    """

    sequence: int = _position(primary_key=True)
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    incarnation: int = _position()
    run_id: str
    kind: str
    step_kind: str | None = None
    content: str
    message_id: str | None = None
    occurred_at: str


class Entry(EntryRow, table=True):
    """The table of entries."""

    __tablename__ = "entry"
    __table_args__ = (
        Index("ix_entry_conversation", "incarnation", "sequence", "number"),
        Index("ix_entry_run", "run_id", "step_kind"),
    )


class RunRow(SQLModel):
    """What became of a run; the request itself is in the log.

    Attributes:
        sequence: the event that asked for it.
        incarnation: the conversation it belongs to.
        graph: the graph that runs, as far as it is named.
        status: pending, running, success, error or interrupted.
    """

    sequence: int = _position(primary_key=True)
    incarnation: int = _position()
    run_id: str
    protocol: str
    graph: str
    status: str = "pending"
    attempt: int = 1
    error: str | None = None
    error_kind: str | None = None
    created_at: str
    updated_at: str


class Run(RunRow, table=True):
    """The table of runs."""

    __tablename__ = "run"
    __table_args__ = (
        Index("ix_run_id", "run_id"),
        Index("ix_run_conversation", "incarnation", "sequence"),
    )


class QuotationRow(SQLModel):
    """A quotation that a user was given.

    Attributes:
        sequence: the event it comes from.
        incarnation: the conversation it was given in.
    """

    sequence: int = _position(primary_key=True)
    incarnation: int = _position()
    user_id: str
    quote_id: str
    occurred_at: str


class Quotation(QuotationRow, table=True):
    """The table of quotations given."""

    __tablename__ = "quotation"
    __table_args__ = (
        Index("ix_quotation_user", "user_id", "occurred_at", "sequence"),
        Index("ix_quotation_conversation", "incarnation"),
    )


class ErrandRow(SQLModel):
    """Something to be done for a run.

    Attributes:
        sequence: the event that it was first known by.
        incarnation: the conversation it belongs to.
        kind: ``begin`` or ``webhook``.
        due_at: when; None where the run has to end first.
    """

    sequence: int = _position(primary_key=True)
    kind: str
    incarnation: int = _position()
    key: str
    run_id: str
    due_at: str | None = None
    attempt: int = 0


class Errand(ErrandRow, table=True):
    """The table of what is to be done."""

    __tablename__ = "errand"
    __table_args__ = (Index("ix_errand_due", "due_at"), Index("ix_errand_run", "run_id"))


class AssistantRow(SQLModel):
    """A version of an assistant, `in_use` if it is the one that runs have; settings are JSON texts."""

    sequence: int = _position(primary_key=True)
    incarnation: int = _position()
    assistant_id: str
    version: int
    in_use: bool
    owner: str | None = None
    graph: str
    name: str
    description: str | None = None
    config: str
    context: str
    labels: str
    created_at: str
    updated_at: str


class Assistant(AssistantRow, table=True):
    """The table of assistants."""

    __tablename__ = "assistant"
    __table_args__ = (Index("ix_assistant_id", "assistant_id", "version"),)


def _path() -> Any:
    """A column of text that is compared byte by byte, in PostgreSQL too."""
    return Field(sa_type=String().with_variant(String(collation="C"), "postgresql"))


class ItemRow(SQLModel):
    """An item of the graphs' store.

    Attributes:
        sequence: the event it was put by last.
        incarnation: the conversation-like beginning of its namespace.
        namespace: as `items.path_of` writes it.
        value: JSON text in ASCII.
        ttl: minutes that it lives after its last use.
        expires_at: from when on it is not shown.
    """

    sequence: int = _position(primary_key=True)
    incarnation: int = _position()
    namespace: str = _path()
    key: str = _path()
    value: str
    created_at: str
    updated_at: str
    ttl: float | None = None
    expires_at: str | None = None


class Item(ItemRow, table=True):
    """The table of items."""

    __tablename__ = "item"
    __table_args__ = (
        Index("ix_item_place", "namespace", "key", unique=True),
        Index("ix_item_incarnation", "incarnation"),
    )


class VectorRow(SQLModel):
    """One vector that an item is found by.

    Attributes:
        sequence: of the item's row.
        embedding: what made it.
        vector: base64 of little-endian 32-bit floats.
    """

    sequence: int = _position(primary_key=True)
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    incarnation: int = _position()
    embedding: str
    vector: str


class Vector(VectorRow, table=True):
    """The table of vectors."""

    __tablename__ = "vector"
    __table_args__ = (Index("ix_vector_incarnation", "incarnation"),)


class Position(SQLModel, table=True):
    """How far the log has been projected: a row for each stream, written in the transaction of the rows
    themselves.

    Attributes:
        id: the number of the stream, and one.
        log: when the stream was made; empty before the first look at it.
        anchors: the newest events projected, as `lineage` writes them.
        rows: how many rows the other tables have by events of the stream.
    """

    __tablename__ = "position"

    id: int = Field(default=1, primary_key=True)
    sequence: int = _position()
    schema_version: int
    log: str = ""
    anchors: str = "[]"
    rows: int = 0


CONVERSATION: Final[Table] = SQLModel.metadata.tables["conversation"]
ENTRY: Final[Table] = SQLModel.metadata.tables["entry"]
RUN: Final[Table] = SQLModel.metadata.tables["run"]
QUOTATION: Final[Table] = SQLModel.metadata.tables["quotation"]
ITEM: Final[Table] = SQLModel.metadata.tables["item"]
VECTOR: Final[Table] = SQLModel.metadata.tables["vector"]
ERRAND: Final[Table] = SQLModel.metadata.tables["errand"]
ASSISTANT: Final[Table] = SQLModel.metadata.tables["assistant"]
ROWS: Final = (CONVERSATION, ENTRY, RUN, QUOTATION, ITEM, VECTOR, ERRAND, ASSISTANT)
"""All tables but the position; those of conversations first."""
POSITION: Final[Table] = SQLModel.metadata.tables["position"]
METADATA: Final[MetaData] = SQLModel.metadata
