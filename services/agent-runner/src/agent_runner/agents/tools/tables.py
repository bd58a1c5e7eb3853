"""A folder's files as tables of DuckDB, and one SELECT over them, with bounds.

As a program of its own it answers one query, told as JSON on its input: a query can build values that
DuckDB's own limit does not count; the process's memory does. It imports little, as it starts each time.
"""

import codecs
import json
import resource
import sys
import unicodedata
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MEMORY_LIMIT: Final = "256MB"
SELECT_SECONDS: Final = 10.0
MAX_ROWS: Final = 200
MAX_BYTES: Final = 200_000
"""Of all rows as JSON."""
MAX_CELL: Final = 2_000
"""Characters of one value."""
PROCESS_BYTES: Final = 1 << 30
CHUNK_ROWS: Final = 20

_ENCODINGS: Final = {
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    codecs.BOM_UTF8: "utf-8-sig",
}
"""By the marks that files begin with."""

Shape: TypeAlias = tuple[int, dict[str, str]]
"""The number of rows of a table, and the type of each column."""


class Unreadable(ValueError):
    """A file is not what it should be; the text names it."""


def text_of(file: Path) -> str:
    """A text file in Unicode's form NFC: UTF-8, UTF-16 with its mark, or CP949, as Excel writes Korean.

    Raises:
        Unreadable: if it is none of them.
    """
    data = file.read_bytes()
    marked = [encoding for mark, encoding in _ENCODINGS.items() if data.startswith(mark)]
    for encoding in marked or ["utf-8", "cp949"]:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return unicodedata.normalize("NFC", text.replace("\r\n", "\n"))
    raise Unreadable(f"{file.name} can't be read as text: it is neither UTF-8 nor UTF-16 nor CP949")


def load(files: list[Path]) -> "tuple[DuckDBPyConnection, dict[str, Shape], dict[str, str]]":
    """The files as tables of a database that reads and writes nothing else.

    Returns:
        A connection, the shape of each table, and why each other file is none.
    """
    import duckdb  # 20 MB that a conversation without datasets does not need

    connection = duckdb.connect(
        config={"memory_limit": MEMORY_LIMIT, "threads": 1, "autoinstall_known_extensions": False}
    )
    shapes: dict[str, Shape] = {}
    broken: dict[str, str] = {}
    for file in files:
        name = unicodedata.normalize("NFC", file.stem)
        try:
            _create(connection, name, file)
        except (duckdb.Error, Unreadable) as error:
            broken[name] = f"{file.name} can't be read as a table: {error}"
            continue
        table = connection.table(f'"{name}"')
        shapes[name] = (len(table), dict(zip(table.columns, map(str, table.types), strict=True)))
    connection.execute("SET enable_external_access=false; SET lock_configuration=true")
    return connection, shapes, broken


def _create(connection: "DuckDBPyConnection", name: str, file: Path) -> None:
    """The table of a file; DuckDB reads only UTF-8."""
    import duckdb  # see `load`

    if file.suffix == ".parquet":
        connection.read_parquet(str(file)).create(name)
        return
    try:
        connection.read_csv(str(file)).create(name)
    except duckdb.Error:
        with NamedTemporaryFile("w", encoding="utf-8", newline="", suffix=".csv") as copy:
            copy.write(text_of(file))
            copy.flush()
            connection.read_csv(copy.name).create(name)


def run(files: list[Path], sql: str) -> dict[str, Any]:
    """The answer as JSON; whatever is wrong with the query is its ``error``."""
    import duckdb  # see `load`

    try:
        connection, *_ = load(files)
        statements = connection.extract_statements(sql)
        if [statement.type for statement in statements] != [duckdb.StatementType.SELECT]:
            return {"error": "only one SELECT statement can be run"}
        result = connection.execute(sql)
        columns = [column[0] for column in result.description]
        return _fitting(columns, result)
    except duckdb.Error as error:
        return {"error": f"the query failed: {str(error)[:MAX_CELL]}"}


def _fitting(columns: list[str], result: Any) -> dict[str, Any]:
    """As many rows as fit, read a few at a time."""
    rows: list[dict[str, Any]] = []
    size = 0
    while chunk := result.fetchmany(CHUNK_ROWS):
        for row in chunk:
            plain = {column: _json(value) for column, value in zip(columns, row, strict=True)}
            size += len(json.dumps(plain, ensure_ascii=False).encode())
            if len(rows) >= MAX_ROWS or size > MAX_BYTES:
                return {"rows": rows, "truncated": True}
            rows.append(plain)
    return {"rows": rows, "truncated": False}


def _json(value: Any) -> Any:
    if isinstance(value, bool | int | None):
        return value
    if isinstance(value, float) or type(value).__name__ == "Decimal":
        return float(value)
    text = str(value)
    return text if len(text) <= MAX_CELL else text[:MAX_CELL] + "…"


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (PROCESS_BYTES, PROCESS_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (int(SELECT_SECONDS) + 1,) * 2)
    request = json.load(sys.stdin)
    try:
        answered = run([Path(file) for file in request["files"]], request["sql"])
    except MemoryError:
        sys.exit(1)
    json.dump(answered, sys.stdout, ensure_ascii=False)
