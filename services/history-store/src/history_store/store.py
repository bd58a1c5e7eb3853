"""The projection in a database: opened, read up to a position, moved on by one transaction a batch.

`queries` reads it for clients, `rebuild` makes a second one and compares.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    exists,
    func,
    insert,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.envelope import Recorded
from eventlog.sharding import beginning, stream_at
from history_store.database import engine_of
from history_store.lineage import Stand, decode, encode, renewed
from history_store.rows import replace, write
from history_store.tables import (
    CONVERSATION,
    METADATA,
    POSITION,
    ROWS,
    SCHEMA_VERSION,
    ConversationRow,
)

_PREPARING: Final = 7_205_759
"""Key of the PostgreSQL advisory lock under which replicas create the tables one after the other."""


class Moved(Exception):
    """Somebody else has moved the projection on; nothing was written."""


class Store:
    """One set of tables. `schema` is the PostgreSQL schema they lie in, None for the default one."""

    def __init__(self, url: str, *, schema: str | None = None) -> None:
        self.url = make_url(url)
        self.schema = schema
        self.embedded = self.url.get_backend_name() == "sqlite"
        self._engine = engine_of(url, embedded=self.embedded).execution_options(
            schema_translate_map={None: schema}
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._engine.dispose()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection that sees one state of all tables until it is given back."""
        async with self._engine.connect() as connection:
            if self.embedded:
                await connection.execute(text("BEGIN"))  # else every SELECT would see a state of its own
            else:
                await connection.execution_options(
                    isolation_level="REPEATABLE READ", postgresql_readonly=True
                )
            yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """A connection in a transaction that commits at the end of the context."""
        async with self._engine.begin() as connection:
            yield connection

    async def prepare(self, streams: int = 1, *, afresh: bool = False) -> None:
        """Create the tables; drop those of another release first, or of a log with more streams or fewer,
        since the log has all that was in them.

        Args:
            streams: how many the log has.
            afresh: drop whatever is there.
        """
        if self.embedded and self.url.database:
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
        async with self._making() as connection:
            if afresh or not await connection.run_sync(_complete, streams):
                await _make(connection, streams)

    async def begin_anew(self, stand: Stand) -> None:
        """Empty the tables, unless they have moved on from `stand` meanwhile."""
        async with self._making() as connection:
            if await stand_of(connection, stand.stream) == stand:
                streams = await connection.scalar(select(func.count()).select_from(POSITION))
                await _make(connection, streams or 1)

    async def sign(self, made: str, stream: int = 0) -> None:
        """Note which stream the tables are filled from, where it is not noted yet."""
        async with self.writing() as connection:
            unsigned = and_(_row_of(stream), POSITION.c.log == "")
            await connection.execute(update(POSITION).where(unsigned).values(log=made))

    @asynccontextmanager
    async def _making(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that may make tables, one at a time over all replicas."""
        async with self.writing() as connection:
            if self.embedded:
                await connection.execute(text("BEGIN IMMEDIATE"))
            else:
                await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _PREPARING})
                if self.schema:
                    await connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{self.schema}"'))
            yield connection

    async def remove(self) -> None:
        """Remove all tables and whatever holds them, and close."""
        async with self.writing() as connection:
            await connection.run_sync(METADATA.drop_all)
            if self.schema:
                await connection.execute(text(f'DROP SCHEMA "{self.schema}"'))
        await self.close()
        if self.embedded:
            await asyncio.to_thread(Path(str(self.url.database)).unlink)

    async def position(self, stream: int = 0) -> int:
        """The last sequence of a stream that has been projected.

        Raises:
            Moved: if the tables now belong to another release.
        """
        async with self._engine.connect() as connection:
            return (await stand_of(connection, stream)).sequence

    async def stand(self, stream: int = 0) -> Stand:
        """How far the projection is with a stream, and of which log; fails where a table is missing.

        Raises:
            Moved: if the tables now belong to another release.
        """
        async with self._engine.connect() as connection:
            await _filled(connection)
            return await stand_of(connection, stream)

    async def filled(self) -> frozenset[str]:
        """The tables that have rows; costs the same however many."""
        async with self._engine.connect() as connection:
            return await _filled(connection)

    async def miscounted(self) -> str | None:
        """Whether somebody else added or removed rows; reads all tables, so it is not for every second.

        Raises:
            Moved: if the tables now belong to another release.
        """
        async with self.reading() as connection:
            await stand_of(connection)
            known = await connection.scalar(select(func.sum(POSITION.c.rows)))
            counts = [select(func.count()).select_from(table).scalar_subquery() for table in ROWS]
            found = sum((await connection.execute(select(*counts))).one())
        return None if found == known else f"the tables have {found} rows instead of {known}"

    async def apply(self, events: Sequence[Recorded], *, after: int) -> None:
        """Project the events that follow the position `after`, in one transaction with the new position.

        Raises:
            Moved: if the position is another one.
        """
        async with self.writing() as connection:
            anchors = await _advance(connection, after, events)
            more = await write(connection, events)
            own = update(POSITION).where(_row_of(stream_at(after)))
            await connection.execute(own.values(anchors=anchors, rows=POSITION.c.rows + more))

    async def list_archived(self, rows: Sequence[ConversationRow]) -> None:
        """List conversations as archived, but not those that are listed already."""
        async with self.writing() as connection:
            await lock(connection)
            wanted = {row.key: row for row in rows}
            known = await connection.scalars(select(CONVERSATION.c.key).where(CONVERSATION.c.key.in_(wanted)))
            for key in known:
                del wanted[key]
            if more := await replace(connection, list(wanted.values())):
                own = update(POSITION).where(_row_of(0))
                await connection.execute(own.values(rows=POSITION.c.rows + more))

    async def skip(self, event: Recorded, *, after: int) -> None:
        """Move the position past an event that cannot be projected.

        Raises:
            Moved: if the position is another one.
        """
        async with self.writing() as connection:
            anchors = await _advance(connection, after, [event])
            own = update(POSITION).where(_row_of(stream_at(after)))
            await connection.execute(own.values(anchors=anchors))


async def lock(connection: AsyncConnection) -> None:
    """Keep every other writer out until the end of the transaction.

    Raises:
        Moved: if the tables now belong to another release.
    """
    await connection.execute(update(POSITION).values(sequence=POSITION.c.sequence))
    await stand_of(connection)


async def take_over(connection: AsyncConnection, beside: "Store") -> None:
    """Let the tables of another PostgreSQL schema take the place of those here; no row is copied."""
    here = await connection.scalar(text("SELECT current_schema()"))
    for table in ROWS:
        await connection.execute(text(f'DROP TABLE "{here}"."{table.name}"'))
        await connection.execute(text(f'ALTER TABLE "{beside.schema}"."{table.name}" SET SCHEMA "{here}"'))


async def put(connection: AsyncConnection, stand: Stand) -> None:
    """Set the position in a stream, in a transaction that has it locked."""
    await connection.execute(
        update(POSITION)
        .where(_row_of(stand.stream))
        .values(sequence=stand.sequence, log=stand.made, anchors=encode(stand.anchors), rows=stand.rows)
    )


async def stand_of(connection: AsyncConnection, stream: int = 0) -> Stand:
    """How far the projection is with a stream as this connection sees it.

    Raises:
        Moved: if the tables now belong to another release.
    """
    own = and_(_row_of(stream), POSITION.c.schema_version == SCHEMA_VERSION)
    found = await connection.execute(select(POSITION).where(own))
    if (row := found.first()) is None:
        raise Moved("the tables belong to another release")
    return Stand(row.sequence, row.log, decode(row.anchors), row.rows)


async def _filled(connection: AsyncConnection) -> frozenset[str]:
    found = (await connection.execute(select(*(exists(select(table)) for table in ROWS)))).one()
    return frozenset(table.name for table, has_rows in zip(ROWS, found, strict=True) if has_rows)


async def _advance(connection: AsyncConnection, old: int, events: Sequence[Recorded]) -> str:
    """Compare and set the position; first in a transaction, since it locks out others of the same stream.

    Returns:
        the anchors that belong to it, still to be written.

    Raises:
        Moved: if the position is not `old`.
    """
    moved = await connection.execute(
        update(POSITION)
        .where(POSITION.c.sequence == old, POSITION.c.schema_version == SCHEMA_VERSION)
        .values(sequence=events[-1].sequence)
        .returning(POSITION.c.anchors)
    )
    if (row := moved.first()) is None:
        raise Moved(f"the projection is not at {old} any more")
    return encode(renewed(decode(row.anchors), events))


def _row_of(stream: int) -> ColumnElement[bool]:
    """The position in one of the log's streams."""
    return POSITION.c.id == stream + 1


def _complete(connection: Connection, streams: int) -> bool:
    """Whether every table is there, of this release and for so many streams; looks at the catalogue alone
    before it reads."""
    found = inspect(connection)
    schema = connection.get_execution_options().get("schema_translate_map", {}).get(None)
    if not set(METADATA.tables) <= set(found.get_table_names(schema=schema)):
        return False
    columns = {column["name"] for column in found.get_columns(POSITION.name, schema=schema)}
    if columns != set(POSITION.c.keys()):
        return False
    versions = connection.scalars(select(POSITION.c.schema_version))
    return list(versions) == [SCHEMA_VERSION] * streams


async def _make(connection: AsyncConnection, streams: int) -> None:
    await connection.run_sync(METADATA.drop_all)
    await connection.run_sync(METADATA.create_all)
    positions = [
        {"id": stream + 1, "sequence": beginning(stream), "schema_version": SCHEMA_VERSION}
        for stream in range(streams)
    ]
    await connection.execute(insert(POSITION), positions)
