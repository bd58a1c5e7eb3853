"""Markdown tables. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from agent_runner.engine.outputs.account import number

ROWS_SHOWN: Final = 20
COLUMNS_SHOWN: Final = 6


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table that ordinary converters know."""
    lines = (head, ["---"] * len(head), *rows)
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def rows_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """The first rows and columns, and how many rows are not shown."""
    columns = list(rows[0])[:COLUMNS_SHOWN]
    cells = ([number(row.get(column, "")) for column in columns] for row in rows[:ROWS_SHOWN])
    shown = table(columns, cells)
    hidden = len(rows) - ROWS_SHOWN
    return f"{shown}\n\n… +{hidden}" if hidden > 0 else shown


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
