"""The answers about errands and about assistants, read from the tables."""

import json
from typing import Any, Final

from sqlalchemy import func, or_, select, true

from contracts.queries import (
    AssistantRecord,
    Assistants,
    AssistantsQuery,
    Errand,
    Errands,
    ErrandsQuery,
)
from history_store.answers import fitting
from history_store.store import Store
from history_store.tables import ASSISTANT, ERRAND

AWAITED: Final = 1000
"""How many runs whose ends are awaited are named; those behind them are learnt of with a delay."""


class ErrandAnswers:
    """Answers from one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def errands(self, query: ErrandsQuery) -> Errands:
        """See `ErrandsQuery`."""
        due_at = ERRAND.c.due_at
        due = select(ERRAND).where(due_at <= query.due_by).order_by(due_at).limit(query.limit)
        later = select(func.min(due_at)).where(due_at > query.due_by)
        awaited = select(ERRAND.c.key).where(due_at.is_(None)).order_by(ERRAND.c.sequence).limit(AWAITED)
        async with self._store.reading() as connection:
            rows = await connection.execute(due)
            return Errands(
                errands=fitting(map(Errand.model_validate, rows)),
                next_at=await connection.scalar(later),
                awaited=tuple(dict.fromkeys(await connection.scalars(awaited))),
            )


class AssistantAnswers:
    """Answers from one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def assistants(self, query: AssistantsQuery) -> Assistants:
        """See `AssistantsQuery`."""
        columns = ASSISTANT.c
        wanted = [or_(columns.owner.is_(None), columns.owner == query.caller)]
        if query.assistant_id is not None:
            wanted.append(columns.assistant_id == query.assistant_id)
        wanted.append(true() if query.versions else columns.in_use.is_(True))
        other = ASSISTANT.alias()
        newest = select(func.max(other.c.version)).where(other.c.assistant_id == columns.assistant_id)
        page = (
            select(ASSISTANT, newest.scalar_subquery().label("newest"))
            .where(*wanted)
            .order_by(columns.created_at.desc(), columns.incarnation.desc(), columns.version.desc())
            .limit(query.limit)
            .offset(query.offset)
        )
        async with self._store.reading() as connection:
            total = await connection.scalar(select(func.count()).select_from(ASSISTANT).where(*wanted))
            rows = await connection.execute(page)
            return Assistants(assistants=fitting(map(_record, rows)), total=total or 0)


def _record(row: Any) -> AssistantRecord:
    return AssistantRecord(
        assistant_id=row.assistant_id,
        version=row.version,
        newest=row.newest,
        in_use=row.in_use,
        graph=row.graph,
        name=row.name,
        description=row.description,
        config=json.loads(row.config),
        context=json.loads(row.context),
        metadata=json.loads(row.labels),
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
