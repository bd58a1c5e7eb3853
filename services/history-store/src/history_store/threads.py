"""The answers about threads and their runs, read from the tables."""

import json
from typing import Any, Final

from sqlalchemy import ColumnElement, case, cast, func, or_, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.queries import (
    RunRecord,
    Runs,
    RunsQuery,
    ThreadRecord,
    Threads,
    ThreadsQuery,
)
from history_store.answers import fitting
from history_store.containment import CONTAINS
from history_store.runs import storable_json
from history_store.store import Store
from history_store.tables import CONVERSATION, RUN

RESPONDER: Final = "agent-runner"
_C: Final = CONVERSATION.c
_STATUS: Final[ColumnElement[str]] = case(
    (_C.unanswered > 0, "busy"),
    (_C.outcome.in_(("asked", "stopped", "cancelled")), "interrupted"),
    (_C.outcome == "failed", "error"),
    else_="idle",
)
_ORDER: Final[dict[str, tuple[ColumnElement[Any], ...]]] = {
    "key": (_C.key,),
    "status": (_STATUS, _C.incarnation),
    "created_at": (_C.created_at, _C.incarnation),
    "updated_at": (_C.updated_at, _C.last_sequence),
    "state_updated_at": (_C.state_updated_at, _C.incarnation),
}


class ThreadAnswers:
    """Answers from one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def threads(self, query: ThreadsQuery) -> Threads:
        """See `ThreadsQuery`."""
        wanted: list[ColumnElement[bool]] = [
            _C.responder == RESPONDER,
            or_(_C.owner.is_(None), _C.owner == query.caller),
        ]
        if query.keys is not None:
            wanted.append(_C.key.in_(query.keys))
        if query.status is not None:
            wanted.append(_STATUS.in_([query.status]))
        if query.metadata:
            wanted.append(self._labelled(query.metadata))
        columns = _ORDER[query.sort_by]
        order = [column.asc() if query.ascending else column.desc() for column in columns]
        page = (
            select(CONVERSATION, _STATUS.label("thread_status"))
            .where(*wanted)
            .order_by(*order)
            .limit(query.limit)
            .offset(query.offset)
        )
        async with self._store.reading() as connection:
            total = await connection.scalar(select(func.count()).select_from(CONVERSATION).where(*wanted))
            rows = await connection.execute(page)
            return Threads(threads=fitting(map(_thread, rows)), total=total or 0)

    async def runs(self, query: RunsQuery) -> Runs:
        """See `RunsQuery`."""
        async with self._store.reading() as connection:
            thread = await _thread_of(connection, query.conversation)
            if thread is None:
                return Runs(thread=None)
            wanted = [RUN.c.incarnation == thread.incarnation]
            if query.run_id is not None:
                wanted.append(RUN.c.run_id == query.run_id)
            if query.status is not None:
                wanted.append(RUN.c.status == query.status)
            total = await connection.scalar(select(func.count()).select_from(RUN).where(*wanted))
            newest = select(RUN).where(*wanted).order_by(RUN.c.sequence.desc())
            rows = await connection.execute(newest.limit(query.limit).offset(query.offset))
            runs = fitting(map(RunRecord.model_validate, rows))
        return Runs(thread=thread, runs=runs, total=total or 0)

    def _labelled(self, metadata: dict[str, Any]) -> ColumnElement[bool]:
        part = storable_json(json.dumps(metadata, ensure_ascii=False))
        if self._store.embedded:
            return func.__getattr__(CONTAINS)(_C.labels, part) == 1
        return cast(_C.labels, JSONB).contains(cast(part, JSONB))


async def _thread_of(connection: AsyncConnection, key: str) -> ThreadRecord | None:
    found = select(CONVERSATION, _STATUS.label("thread_status")).where(
        _C.key == key, _C.responder == RESPONDER
    )
    row = (await connection.execute(found)).first()
    return _thread(row) if row else None


def _thread(row: Any) -> ThreadRecord:
    return ThreadRecord(
        key=row.key,
        incarnation=row.incarnation,
        graph=row.graph,
        protocol=row.protocol,
        owner=row.owner,
        metadata=json.loads(row.labels),
        status=row.thread_status,
        error=row.error,
        error_kind=row.error_kind,
        created_at=row.created_at,
        updated_at=row.updated_at,
        state_updated_at=row.state_updated_at,
    )
