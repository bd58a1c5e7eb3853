"""The rows that events change: read, folded by `projections`, written back."""

from collections.abc import Mapping, Sequence

from sqlalchemy import delete, insert, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.envelope import Recorded
from history_store.items import ItemChanges, Place, known_items, places_in
from history_store.projections import Changes, project, runs_in
from history_store.tables import (
    CONVERSATION,
    ENTRY,
    ITEM,
    QUOTATION,
    ROWS,
    RUN,
    VECTOR,
    ConversationRow,
    ItemRow,
    RunRow,
)


async def write(connection: AsyncConnection, events: Sequence[Recorded]) -> None:
    """Project events over the rows, in the transaction of `connection`."""
    keys = {recorded.conversation for recorded in events}
    rows = await connection.execute(select(CONVERSATION).where(CONVERSATION.c.key.in_(keys)))
    known = {row.key: ConversationRow.model_construct(**row._asdict()) for row in rows}
    named = await connection.execute(select(RUN).where(RUN.c.run_id.in_(runs_in(events))))
    runs = {row.run_id: RunRow.model_construct(**row._asdict()) for row in named}
    items = await _items(connection, events)
    changes = project(known, events, runs, items)
    await _remove(connection, changes)
    touched = [row for key, row in changes.conversations.items() if row and row is not known.get(key)]
    await replace(connection, touched)
    if changes.entries:
        await connection.execute(insert(ENTRY), [dict(entry) for entry in changes.entries])
    moved = [row for run_id, row in changes.runs.items() if row and row is not runs.get(run_id)]
    if moved:
        await connection.execute(delete(RUN).where(RUN.c.sequence.in_([row.sequence for row in moved])))
        await connection.execute(insert(RUN), [dict(row) for row in moved])
    if changes.quotations:
        await connection.execute(insert(QUOTATION), [dict(row) for row in changes.quotations])
    await _put_items(connection, changes.items, items)


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
) -> None:
    """Replace the rows of the items that changed; what a row is found by changes only when it is put anew."""
    changed = {place: row for place, row in changes.rows.items() if row is not before.get(place)}
    if not changed:
        return
    for gone in (row for place, row in before.items() if place in changed):
        await connection.execute(delete(ITEM).where(ITEM.c.sequence == gone.sequence))
        after = changed[gone.namespace, gone.key]
        if after is None or after.sequence != gone.sequence:
            await connection.execute(delete(VECTOR).where(VECTOR.c.sequence == gone.sequence))
    if rows := [row for row in changed.values() if row]:
        await connection.execute(insert(ITEM), [dict(row) for row in rows])
        new = [vector for row in rows for vector in changes.vectors.get(row.sequence, ())]
        if new:
            await connection.execute(insert(VECTOR), [dict(vector) for vector in new])


async def _remove(connection: AsyncConnection, changes: Changes) -> None:
    if changes.gone:
        for table in ROWS:
            await connection.execute(delete(table).where(table.c.incarnation.in_(changes.gone)))
    if changes.archived:
        for table in (ENTRY, RUN, QUOTATION):
            await connection.execute(delete(table).where(table.c.incarnation.in_(changes.archived)))
    if changes.rolled_back:
        await connection.execute(delete(ENTRY).where(ENTRY.c.run_id.in_(changes.rolled_back)))
    if changes.forgotten or changes.rolled_back:
        gone = changes.forgotten | changes.rolled_back
        await connection.execute(delete(RUN).where(RUN.c.run_id.in_(gone)))


async def replace(connection: AsyncConnection, rows: Sequence[ConversationRow]) -> None:
    """Put rows of conversations in the place of those that are there."""
    if rows:
        incarnations = [row.incarnation for row in rows]
        await connection.execute(delete(CONVERSATION).where(CONVERSATION.c.incarnation.in_(incarnations)))
        await connection.execute(insert(CONVERSATION), [dict(row) for row in rows])
