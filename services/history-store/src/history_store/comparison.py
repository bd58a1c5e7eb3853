"""Two sets of tables compared row by row, and what came of it."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from history_store.digests import Digests
from history_store.store import Store
from history_store.tables import ROWS

BATCH: Final = 4000
SHOWN_DIFFERENCES: Final = 100

Row: TypeAlias = dict[str, Any]


@dataclass(slots=True)
class Outcome:
    """What a rebuild came to.

    Attributes:
        position: the log sequence both sets of tables stand at; of several streams, the sum.
        events: how many events were projected.
        seconds: how long that took.
        digests: of each conversation, rows and graph states, and of all.
        differences: how many rows are missing, superfluous or different in the live tables.
        examples: the first of them, in words.
    """

    position: int = 0
    events: int = 0
    seconds: float = 0.0
    digests: Digests = field(default_factory=Digests)
    differences: int = 0
    examples: list[str] = field(default_factory=list)

    def differ(self, text: str) -> None:
        """Count a difference."""
        self.differences += 1
        if len(self.examples) < SHOWN_DIFFERENCES:
            self.examples.append(text)


async def compare(table: Table, found: AsyncConnection, expected: AsyncConnection, outcome: Outcome) -> None:
    """Walk through the live and the rebuilt rows side by side, both in the order of their keys."""
    key = _key_of(table)
    live_rows, rebuilt_rows = _rows(found, table), _rows(expected, table)
    async with aclosing(live_rows), aclosing(rebuilt_rows):
        live = await anext(live_rows, None)
        async for rebuilt in rebuilt_rows:
            outcome.digests.add_row(table, rebuilt)
            while live and key(live) < key(rebuilt):
                outcome.differ(f"{table.name} {key(live)} should not be there")
                live = await anext(live_rows, None)
            if live is None or key(live) != key(rebuilt):
                outcome.differ(f"{table.name} {key(rebuilt)} is missing")
                continue
            if live != rebuilt:
                columns = ", ".join(name for name in rebuilt if live[name] != rebuilt[name])
                outcome.differ(f"{table.name} {key(live)} differs in {columns}")
            live = await anext(live_rows, None)
        while live:
            outcome.differ(f"{table.name} {key(live)} should not be there")
            live = await anext(live_rows, None)


async def digest(beside: Store, outcome: Outcome) -> None:
    """Fold all rows into the digests."""
    async with beside.reading() as rebuilt:
        for table in ROWS:
            async for row in _rows(rebuilt, table):
                outcome.digests.add_row(table, row)


async def chunks(connection: AsyncConnection, table: Table) -> AsyncIterator[list[Row]]:
    """All rows in the order of their keys, some thousands at a time."""
    async with connection.stream(select(table).order_by(*table.primary_key)) as result:
        async for rows in result.mappings().partitions(BATCH):
            yield [dict(row) for row in rows]


async def _rows(connection: AsyncConnection, table: Table) -> AsyncGenerator[Row, None]:
    async for rows in chunks(connection, table):
        for row in rows:
            yield row


def _key_of(table: Table) -> Callable[[Row], tuple[int, ...]]:
    """What gives the primary key of a row."""
    names = [column.name for column in table.primary_key]
    return lambda row: tuple(row[name] for name in names)
