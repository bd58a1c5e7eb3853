"""The answers to the queries in `contracts.queries`, read from the tables.

Pages end early when their contents are large; whoever asks goes on behind them.
"""

from collections.abc import Iterable
from typing import Any, Final, TypeVar

from pydantic import BaseModel
from sqlalchemy import ColumnElement, and_, exists, false, func, not_, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.events import ASSISTANT_RESPONDER
from contracts.events.store import STORE_RESPONDER
from contracts.queries import (
    History,
    HistoryEntry,
    HistoryQuery,
    Message,
    Messages,
    MessagesQuery,
    Quiet,
    QuietConversation,
    QuietQuery,
    Quotations,
    QuotationsQuery,
    Session,
    SessionFound,
    SessionQuery,
    Sessions,
    SessionsQuery,
)
from history_store.store import Store
from history_store.tables import CONVERSATION, ENTRY, ERRAND, QUOTATION

PAGE_BYTES: Final = 512 * 1024
_HUMAN: Final = ("message", "answer")
_SAID: Final = ("reply", "question")
_SPOKEN: Final = (*_HUMAN, *_SAID, "heard")

ItemT = TypeVar("ItemT", bound=BaseModel)


class Answers:
    """Answers from one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def sessions(self, query: SessionsQuery) -> Sessions:
        """See `SessionsQuery`."""
        columns = CONVERSATION.c
        wanted = []
        if not query.everybodys:
            wanted.append(or_(columns.owner.is_(None), columns.owner == query.caller))
            wanted.append(columns.responder.not_in((STORE_RESPONDER, ASSISTANT_RESPONDER)))
        if query.search:
            found = (each.icontains(query.search, autoescape=True) for each in (columns.key, columns.title))
            wanted.append(or_(*found))
        if query.user_id is not None:
            wanted.append(columns.user_id == query.user_id)
        if query.status is not None:
            wanted.append(columns.status == query.status)
        if query.protocol is not None:
            wanted.append(columns.protocol == query.protocol)
        if query.archived is not None:
            wanted.append(columns.archived == query.archived)
        newest_first = (
            select(CONVERSATION)
            .where(*wanted)
            .order_by(columns.updated_at.desc(), columns.last_sequence.desc())
            .limit(query.limit)
            .offset(query.offset)
        )
        async with self._store.reading() as connection:
            total = await connection.scalar(select(func.count()).select_from(CONVERSATION).where(*wanted))
            rows = await connection.execute(newest_first)
            return Sessions(sessions=fitting(map(Session.model_validate, rows)), total=total or 0)

    async def quiet(self, query: QuietQuery) -> Quiet:
        """See `QuietQuery`."""
        columns = CONVERSATION.c
        wanted = [
            columns.last_sequence < query.before,
            columns.last_sequence > query.after,
            columns.unanswered == 0,
            columns.archived.is_(False),
            columns.responder.not_in((STORE_RESPONDER, ASSISTANT_RESPONDER)),
            ~exists(select(ERRAND).where(ERRAND.c.incarnation == columns.incarnation)),
        ]
        if query.key is not None:
            wanted.append(columns.key == query.key)
        longest_first = select(CONVERSATION).where(*wanted).order_by(columns.last_sequence).limit(query.limit)
        async with self._store.reading() as connection:
            rows = [row._asdict() for row in await connection.execute(longest_first)]
        return Quiet(
            conversations=fitting(
                QuietConversation(key=row["key"], last_sequence=row["last_sequence"], listed=row)
                for row in rows
            )
        )

    async def session(self, query: SessionQuery) -> SessionFound:
        """See `SessionQuery`."""
        async with self._store.reading() as connection:
            return SessionFound(session=await _session(connection, query.conversation))

    async def messages(self, query: MessagesQuery) -> Messages:
        """See `MessagesQuery`."""
        async with self._store.reading() as connection:
            session = await _session(connection, query.conversation)
            if session is None:
                return Messages(session=None)
            spoken = and_(
                ENTRY.c.incarnation == session.incarnation,
                ENTRY.c.kind.in_(_SPOKEN),
                or_(ENTRY.c.kind.not_in(_SAID), ~_cut()),
            )
            total = await connection.scalar(select(func.count()).select_from(ENTRY).where(spoken))
            wanted = spoken if query.before is None else and_(spoken, ENTRY.c.sequence < query.before)
            rows = await connection.execute(
                select(ENTRY).where(wanted).order_by(ENTRY.c.sequence.desc()).limit(query.limit)
            )
            newest = fitting(map(_message, rows))
        return Messages(session=session, messages=newest[::-1], total=total or 0)

    async def history(self, query: HistoryQuery) -> History:
        """See `HistoryQuery`."""
        async with self._store.reading() as connection:
            session = await _session(connection, query.conversation)
            if session is None:
                return History()
            place = tuple_(ENTRY.c.sequence, ENTRY.c.number)
            final = or_(ENTRY.c.kind.in_(_SAID), ENTRY.c.step_kind == "final_answer")
            wanted = [
                ENTRY.c.incarnation == session.incarnation,
                or_(ENTRY.c.kind != "reply", _only_reply()),
                or_(not_(func.coalesce(final, false())), ~_cut()),
            ]
            if query.after is not None:
                wanted.append(place > query.after)
            rows = await connection.execute(
                select(ENTRY).where(*wanted).order_by(ENTRY.c.sequence, ENTRY.c.number).limit(query.limit + 1)
            )
            found = [_entry(row) for row in rows]
        page = fitting(found[: query.limit])
        more = len(page) < len(found)
        return History(
            entries=page, owner=session.owner, next=(page[-1].sequence, page[-1].number) if more else None
        )

    async def quotations(self, query: QuotationsQuery) -> Quotations:
        """See `QuotationsQuery`."""
        newest_first = (
            select(QUOTATION.c.quote_id)
            .where(QUOTATION.c.user_id == query.user_id)
            .order_by(QUOTATION.c.occurred_at.desc(), QUOTATION.c.sequence.desc())
            .limit(query.limit)
        )
        async with self._store.reading() as connection:
            return Quotations(quote_ids=tuple(await connection.scalars(newest_first)))


async def _session(connection: AsyncConnection, key: str) -> Session | None:
    row = (await connection.execute(select(CONVERSATION).where(CONVERSATION.c.key == key))).first()
    return Session.model_validate(row) if row else None


def _only_reply() -> ColumnElement[bool]:
    """A reply that no step of its run has given already as the final answer."""
    step = ENTRY.alias()
    return ~exists().where(
        step.c.run_id == ENTRY.c.run_id,
        step.c.step_kind == "final_answer",
        step.c.incarnation == ENTRY.c.incarnation,
    )


def _cut() -> ColumnElement[bool]:
    """A reply of which the user heard less: another entry of its run tells how much."""
    heard = ENTRY.alias()
    return exists().where(
        heard.c.run_id == ENTRY.c.run_id,
        heard.c.kind == "heard",
        heard.c.incarnation == ENTRY.c.incarnation,
    )


def _message(row: Any) -> Message:
    return Message(
        sequence=row.sequence,
        author="human" if row.kind in _HUMAN else "ai",
        content=row.content,
        occurred_at=row.occurred_at,
    )


def _entry(row: Any) -> HistoryEntry:
    return HistoryEntry(
        sequence=row.sequence,
        number=row.number,
        role="user" if row.kind in _HUMAN else "agent",
        content=row.content,
        step_kind="final_answer" if row.kind in ("reply", "heard") else row.step_kind,
        occurred_at=row.occurred_at,
        message_id=row.message_id,
    )


def fitting(items: Iterable[ItemT]) -> tuple[ItemT, ...]:
    """The first items that fit into one answer, one at least."""
    fitting: list[ItemT] = []
    room = PAGE_BYTES
    for item in items:
        room -= len(item.model_dump_json().encode())
        if room < 0 and fitting:
            break
        fitting.append(item)
    return tuple(fitting)
