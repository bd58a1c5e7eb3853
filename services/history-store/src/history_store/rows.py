"""The rows that events change: read, folded by `projections`, written back."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Delete, Table, bindparam, delete, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.envelope import Recorded
from contracts.events import CancelRequested, RunEvent, RunRequested, WebhookAnswered, WebhookTried
from history_store.assistants import ABOUT
from history_store.items import ItemChanges, Place, known_items, places_in
from history_store.projections import Changes, project
from history_store.tables import (
    ASSISTANT,
    CONVERSATION,
    ENTRY,
    ERRAND,
    ITEM,
    QUOTATION,
    ROWS,
    RUN,
    VECTOR,
    AssistantRow,
    ConversationRow,
    ErrandRow,
    ItemRow,
    RunRow,
)


def runs_in(events: Iterable[Recorded]) -> set[str]:
    """The ids of the runs that events are about, beside those that are first heard of by them."""
    about = RunEvent | CancelRequested | WebhookTried | WebhookAnswered
    return {
        recorded.id if isinstance(recorded.event, RunRequested) else recorded.event.run_id
        for recorded in events
        if isinstance(recorded.event, about)
        or (isinstance(recorded.event, RunRequested) and recorded.event.not_before)
    }


def assistants_in(events: Iterable[Recorded]) -> set[str]:
    """The ids of the assistants that events are about."""
    about = (recorded.event for recorded in events)
    return {event.assistant_id for event in about if isinstance(event, ABOUT)}


async def write(connection: AsyncConnection, events: Sequence[Recorded]) -> int:
    """Project events over the rows, in the transaction of `connection`; by how many rows that is more."""
    keys = {recorded.conversation for recorded in events}
    rows = await connection.execute(select(CONVERSATION).where(CONVERSATION.c.key.in_(keys)))
    known = {row.key: ConversationRow.model_construct(**row._asdict()) for row in rows}
    about = runs_in(events)
    named = await connection.execute(select(RUN).where(RUN.c.run_id.in_(about)))
    runs = {row.run_id: RunRow.model_construct(**row._asdict()) for row in named}
    due = await connection.execute(select(ERRAND).where(ERRAND.c.run_id.in_(about)))
    errands = {row.run_id: ErrandRow.model_construct(**row._asdict()) for row in due}
    items = await _items(connection, events)
    assistants = await _assistants(connection, assistants_in(events))
    changes = project(known, events, runs, items, errands, assistants)
    more = await _remove(connection, changes)
    touched = [row for key, row in changes.conversations.items() if row and row is not known.get(key)]
    before = (known.get(row.key) for row in touched)
    if all(row and row.incarnation == new.incarnation for row, new in zip(before, touched, strict=True)):
        await _renew(connection, CONVERSATION, touched)
    else:
        more += await replace(connection, touched)
    more += await _put(connection, ENTRY, changes.entries)
    moved = [row for run_id, row in changes.runs.items() if row and row is not runs.get(run_id)]
    begun = (runs.get(row.run_id) for row in moved)
    if all(row and row.sequence == new.sequence for row, new in zip(begun, moved, strict=True)):
        await _renew(connection, RUN, moved)
    else:
        older = delete(RUN).where(RUN.c.run_id.in_([row.run_id for row in moved]))
        more += await _take(connection, older) + await _put(connection, RUN, moved)
    more += await _put(connection, QUOTATION, changes.quotations)
    more += await _put_items(connection, changes.items, items)
    if stirred := {run: row for run, row in changes.errands.items() if row is not errands.get(run)}:
        more += await _take(connection, delete(ERRAND).where(ERRAND.c.run_id.in_(stirred)))
        more += await _put(connection, ERRAND, [row for row in stirred.values() if row])
    if changes.assistants:
        older = delete(ASSISTANT).where(ASSISTANT.c.assistant_id.in_(changes.assistants))
        made = [row for versions in changes.assistants.values() for row in versions.values()]
        more += await _take(connection, older) + await _put(connection, ASSISTANT, made)
    return more


async def _assistants(connection: AsyncConnection, ids: set[str]) -> dict[str, dict[int, AssistantRow]]:
    """All versions of some assistants."""
    versions: dict[str, dict[int, AssistantRow]] = {}
    if ids:
        for row in await connection.execute(select(ASSISTANT).where(ASSISTANT.c.assistant_id.in_(ids))):
            known = versions.setdefault(row.assistant_id, {})
            known[row.version] = AssistantRow.model_construct(**row._asdict())
    return versions


async def _items(connection: AsyncConnection, events: Sequence[Recorded]) -> Mapping[Place, ItemRow]:
    """The items that events are about, as they are."""
    places = places_in(events)
    if not places:
        return {}
    rows = await connection.execute(
        select(ITEM).where(tuple_(ITEM.c.namespace, ITEM.c.key).in_(list(places)))
    )
    return known_items(ItemRow.model_construct(**row._asdict()) for row in rows)


async def _put_items(
    connection: AsyncConnection, changes: ItemChanges, before: Mapping[Place, ItemRow]
) -> int:
    """Replace the rows of the items that changed; what a row is found by changes only when it is put anew."""
    changed = {place: row for place, row in changes.rows.items() if row is not before.get(place)}
    more = 0
    for gone in (row for place, row in before.items() if place in changed):
        more += await _take(connection, delete(ITEM).where(ITEM.c.sequence == gone.sequence))
        after = changed[gone.namespace, gone.key]
        if after is None or after.sequence != gone.sequence:
            more += await _take(connection, delete(VECTOR).where(VECTOR.c.sequence == gone.sequence))
    rows = [row for row in changed.values() if row]
    new = [vector for row in rows for vector in changes.vectors.get(row.sequence, ())]
    return more + await _put(connection, ITEM, rows) + await _put(connection, VECTOR, new)


async def _remove(connection: AsyncConnection, changes: Changes) -> int:
    more = 0
    if changes.gone:
        for table in ROWS:
            more += await _take(connection, delete(table).where(table.c.incarnation.in_(changes.gone)))
    if changes.archived:
        for table in (ENTRY, RUN, QUOTATION):
            more += await _take(connection, delete(table).where(table.c.incarnation.in_(changes.archived)))
    if changes.rolled_back:
        more += await _take(connection, delete(ENTRY).where(ENTRY.c.run_id.in_(changes.rolled_back)))
    if changes.forgotten or changes.rolled_back:
        gone = changes.forgotten | changes.rolled_back
        more += await _take(connection, delete(RUN).where(RUN.c.run_id.in_(gone)))
    return more


async def replace(connection: AsyncConnection, rows: Sequence[ConversationRow]) -> int:
    """Put rows of conversations in the place of those that are there; by how many that is more."""
    if not rows:
        return 0
    older = delete(CONVERSATION).where(CONVERSATION.c.incarnation.in_([row.incarnation for row in rows]))
    return await _take(connection, older) + await _put(connection, CONVERSATION, rows)


async def _put(connection: AsyncConnection, table: Table, rows: Sequence[Any]) -> int:
    """Insert rows; how many."""
    if rows:
        await connection.execute(insert(table), [dict(row) for row in rows])
    return len(rows)


async def _renew(connection: AsyncConnection, table: Table, rows: Sequence[Any]) -> None:
    """Give rows that are there, by their primary key, their new contents."""
    if rows:
        (key,) = table.primary_key.columns
        there = update(table).where(key == bindparam("there"))
        await connection.execute(there, [{**dict(row), "there": getattr(row, key.name)} for row in rows])


async def _take(connection: AsyncConnection, statement: Delete) -> int:
    """Delete rows; how many fewer there are, as a negative number."""
    return -(await connection.execute(statement)).rowcount
