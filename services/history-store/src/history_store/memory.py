"""The answers about the store's items, read from the tables.

What is filtered or compared is read row by row: no index helps both databases with any field of any value.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select, and_, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.envelope import format_time
from contracts.queries import (
    ItemFound,
    ItemQuery,
    Items,
    ItemsQuery,
    Namespaces,
    NamespacesQuery,
    StoredItem,
)
from history_store.answers import fitting
from history_store.items import labels_of, path_of
from history_store.matching import fits, matches, scores
from history_store.runs import storable
from history_store.store import Store
from history_store.tables import CONVERSATION, ITEM, VECTOR

AT_ONCE: Final = 500
"""Rows that are looked at before others have their turn."""
_COMPARED: Final = 4000
"""Vectors that are compared at once."""
_NEWEST_FIRST: Final = (ITEM.c.updated_at.desc(), ITEM.c.sequence.desc())


def _now() -> datetime:
    return datetime.now(UTC)


class Memory:
    """Answers from one store."""

    def __init__(self, store: Store, now: Callable[[], datetime] = _now) -> None:
        self._store = store
        self._now = now

    async def item(self, query: ItemQuery) -> ItemFound:
        """See `ItemQuery`."""
        wanted = and_(ITEM.c.namespace == path_of(query.namespace), ITEM.c.key == storable(query.key))
        async with self._store.reading() as connection:
            row = (await connection.execute(select(ITEM).where(wanted, self._alive()))).first()
        return ItemFound(item=_item(row) if row else None)

    async def items(self, query: ItemsQuery) -> Items:
        """See `ItemsQuery`.

        Raises:
            ValueError: if the filter has an operator that is none.
        """
        async with self._store.reading() as connection:
            if query.vector is not None:
                found = await self._nearest(connection, query)
            else:
                found = await self._newest(connection, query)
        page = fitting(found[: query.limit])
        more = len(page) < len(found)
        return Items(items=page, next=query.offset + len(page) if more and page else None)

    async def namespaces(self, query: NamespacesQuery) -> Namespaces:
        """See `NamespacesQuery`."""
        named = select(ITEM.c.namespace).where(self._alive(), _reached(query)).distinct()
        for match in query.matches:
            if match.kind == "prefix":
                named = named.where(_within(_literal(match.path)))
        found: set[tuple[str, ...]] = set()
        async with self._store.reading() as connection:
            async for rows in _in_turns(connection, named):
                for labels in (labels_of(row.namespace) for row in rows):
                    if all(matches(labels, match) for match in query.matches):
                        found.add(labels[: query.max_depth])
        return Namespaces(namespaces=tuple(sorted(found)[query.offset : query.offset + query.limit]))

    async def _newest(self, connection: AsyncConnection, query: ItemsQuery) -> list[StoredItem]:
        """A page and one more."""
        newest = self._below(query).order_by(*_NEWEST_FIRST)
        wanted = _filter(query)
        if not wanted:
            rows = await connection.execute(newest.limit(query.limit + 1).offset(query.offset))
            return [_item(row) for row in rows]
        found: list[StoredItem] = []
        passed = 0
        async for chunk in _in_turns(connection, newest):
            for row in _fitting_rows(chunk, wanted):
                passed += 1
                if passed > query.offset:
                    found.append(_item(row))
                if len(found) > query.limit:
                    return found
        return found

    async def _nearest(self, connection: AsyncConnection, query: ItemsQuery) -> list[StoredItem]:
        """A page and one more, the nearest first; those without a vector are the last."""
        ranked = await self._ranked(connection, query)
        wanted = dict(ranked[query.offset : query.offset + query.limit + 1])
        rows = await connection.execute(select(ITEM).where(ITEM.c.sequence.in_(list(wanted))))
        items = {row.sequence: _item(row, wanted[row.sequence]) for row in rows}
        return [items[sequence] for sequence in wanted]

    async def _ranked(self, connection: AsyncConnection, query: ItemsQuery) -> list[tuple[int, float | None]]:
        allowed: dict[int, float | None] = {}
        wanted = _filter(query)
        columns = (ITEM.c.sequence, ITEM.c.value) if wanted else (ITEM.c.sequence,)
        candidates = self._below(query).with_only_columns(*columns).order_by(*_NEWEST_FIRST)
        async for chunk in _in_turns(connection, candidates):
            rows = _fitting_rows(chunk, wanted) if wanted else chunk
            allowed.update((row.sequence, None) for row in rows)
        own = select(VECTOR.c.sequence, VECTOR.c.vector).join(ITEM, ITEM.c.sequence == VECTOR.c.sequence)
        compared = own.where(
            _within(query.prefix), self._alive(), VECTOR.c.embedding == storable(query.embedding)
        )
        async for chunk in _in_turns(connection, compared, at_once=_COMPARED):
            near = await asyncio.to_thread(scores, query.vector or "", [row.vector for row in chunk])
            for row, score in zip(chunk, near, strict=True):
                best = allowed.get(row.sequence, score)
                if row.sequence in allowed and score is not None and (best is None or score > best):
                    allowed[row.sequence] = score
        scored = [(sequence, score) for sequence, score in allowed.items() if score is not None]
        scored.sort(key=lambda pair: -pair[1])
        return [*scored, *(pair for pair in allowed.items() if pair[1] is None)]

    def _below(self, query: ItemsQuery) -> Select[Any]:
        return select(ITEM).where(_within(query.prefix), self._alive(), _reached(query))

    def _alive(self) -> ColumnElement[bool]:
        return or_(ITEM.c.expires_at.is_(None), ITEM.c.expires_at > format_time(self._now()))


def _reached(query: ItemsQuery | NamespacesQuery) -> ColumnElement[bool]:
    """What is nobody's or the caller's, where a question is guarded."""
    if not query.guarded:
        return true()
    owner = CONVERSATION.c.owner
    others = owner.is_not(None) if query.caller is None else owner != storable(query.caller)
    return ITEM.c.incarnation.not_in(select(CONVERSATION.c.incarnation).where(others))


def _within(prefix: Iterable[str]) -> ColumnElement[bool]:
    """The namespaces that begin with these labels: a range, since `/` follows the dot behind each."""
    path = path_of(prefix)
    if not path:
        return ITEM.c.namespace != ""
    return and_(ITEM.c.namespace >= path, ITEM.c.namespace < f"{path[:-1]}/")


def _literal(path: Iterable[str]) -> list[str]:
    """The labels before the first that stands for any."""
    labels = []
    for label in path:
        if label == "*":
            break
        labels.append(label)
    return labels


async def _in_turns(
    connection: AsyncConnection, statement: Select[Any], *, at_once: int = AT_ONCE
) -> AsyncIterator[list[Row[Any]]]:
    """The rows, some at a time, with others having their turn in between."""
    async with connection.stream(statement) as result:
        async for rows in result.partitions(at_once):
            yield list(rows)
            await asyncio.sleep(0)


def _fitting_rows(rows: Iterable[Row[Any]], wanted: Mapping[str, Any]) -> list[Row[Any]]:
    return [row for row in rows if fits(json.loads(row.value), wanted)]


def _filter(query: ItemsQuery) -> dict[str, Any]:
    wanted = json.loads(query.filter) if query.filter else {}
    if not isinstance(wanted, dict):
        raise ValueError("filter: must be an object")  # noqa: TRY004 - whoever asks is told of it as of any other
    return wanted


def _item(row: Row[Any], score: float | None = None) -> StoredItem:
    return StoredItem(
        namespace=labels_of(row.namespace),
        key=row.key,
        value=json.loads(row.value),
        created_at=row.created_at,
        updated_at=row.updated_at,
        ttl=row.ttl,
        expires_at=row.expires_at,
        score=score,
    )
