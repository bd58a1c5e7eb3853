"""Read-only analysis of the folder's CSV and Parquet files by DuckDB.

The files are loaded into memory, then access to anything outside the database is switched off and the
configuration locked, so that no SELECT, however it was written, reads a file or writes one.
"""

import asyncio
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

from langchain_core.tools import BaseTool
from pydantic import Field

from agent_runner.agents.tools.analysis import Aggregate, Operation, Table, analyze
from agent_runner.agents.tools.answering import ToolFailed, tool_of
from agent_runner.agents.tools.folder import DataFolder, Fingerprint, fingerprint
from agent_runner.agents.tools.selecting import select
from agent_runner.agents.tools.tables import Shape, load

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

INLINE_ROWS: Final = 50_000
"""Tables up to this size are analysed on the event loop: it takes about a millisecond."""


class Datasets:
    """The files as tables, loaded at the first question and again when a file changed."""

    def __init__(self, folder: DataFolder) -> None:
        self._folder = folder
        self._loaded: tuple[Fingerprint, DuckDBPyConnection, dict[str, Shape], dict[str, str]] | None = None
        self._loading = asyncio.Lock()

    async def open(self) -> "tuple[DuckDBPyConnection, dict[str, Shape], dict[str, str]]":
        """A cursor of its own, the number of rows and the columns of each table, and why a file is none."""
        files = self._folder.datasets()
        mark = fingerprint(files)
        async with self._loading:
            if self._loaded is None or self._loaded[0] != mark:
                self._loaded = (mark, *await asyncio.to_thread(load, files))
            _, connection, shapes, broken = self._loaded
            return connection.cursor(), shapes, broken

    def files(self) -> list[Path]:
        """The files of the tables."""
        return self._folder.datasets()

    async def table(self, dataset: str) -> Table:
        """The table of that name, or the newest whose name begins so: `sales` is `sales_2023`.

        Raises:
            ToolFailed: if there is none, or its file can't be read as a table.
        """
        cursor, shapes, broken = await self.open()
        name = unicodedata.normalize("NFC", dataset.strip()).removesuffix(".csv").removesuffix(".parquet")
        named = shapes.keys() | broken.keys()
        candidates = [name] if name in named else sorted(t for t in named if t.startswith(f"{name}_"))
        if candidates and candidates[-1] in broken:
            raise ToolFailed(broken[candidates[-1]])
        if not candidates:
            raise ToolFailed(f"there is no dataset {dataset!r}; there are {', '.join(shapes) or 'none'}")
        return Table(cursor, candidates[-1], *shapes[candidates[-1]])


def dataset_tools(datasets: Datasets) -> list[BaseTool]:
    """The tools that list, describe, analyse and query the folder's datasets."""

    async def list_datasets() -> list[dict[str, Any]]:
        """List the datasets with their number of rows."""
        _, shapes, broken = await datasets.open()
        tables = [{"dataset": name, "rows": rows} for name, (rows, _) in shapes.items()]
        return tables + [{"dataset": name, "error": reason} for name, reason in broken.items()]

    async def describe_dataset(dataset: str) -> dict[str, Any]:
        """Tell a dataset's number of rows, its columns and their types, and its first rows."""
        return (await datasets.table(dataset)).describe()

    async def analyze_dataset(
        dataset: str,
        operation: Operation = "total",
        measure: Annotated[str | None, Field(description="numeric column; by default the main one")] = None,
        group_by: Annotated[str | None, Field(description="column, for by_group")] = None,
        aggregate: Aggregate = "sum",
        where: Annotated[dict[str, str] | None, Field(description="column to the value it must have")] = None,
    ) -> dict[str, Any]:
        """Compute figures of a dataset: the total, figures by month or by group with shares, best and worst,
        or the growth from month to month."""
        table = await datasets.table(dataset)
        work = (table, operation, measure, group_by, aggregate, where or {})
        return analyze(*work) if table.rows <= INLINE_ROWS else await asyncio.to_thread(analyze, *work)

    async def query_datasets(sql: str) -> dict[str, Any]:
        """Run one SELECT of DuckDB's SQL over the datasets (a table each). At most 200 rows and 200 kB are
        returned, and ten seconds taken."""
        return await select(datasets.files(), sql)

    return [tool_of(t) for t in (list_datasets, describe_dataset, analyze_dataset, query_datasets)]
