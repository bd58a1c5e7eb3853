"""What can be computed of one table: totals, by month, by group, growth. No I/O but the database."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from agent_runner.agents.tools.answering import ToolFailed

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Operation = Literal["total", "by_month", "by_group", "growth"]
Aggregate = Literal["sum", "avg", "count"]

NUMERIC: Final = (
    "BIGINT",
    "INTEGER",
    "DOUBLE",
    "FLOAT",
    "HUGEINT",
    "DECIMAL",
    "SMALLINT",
    "UBIGINT",
    "UINTEGER",
)
MAIN_MEASURES: Final = ("revenue", "amount", "total", "progress", "value")
MONTH_COLUMNS: Final = ("month", "date", "day", "due")
SAMPLE_ROWS: Final = 3


@dataclass(frozen=True, slots=True)
class Table:
    """A loaded dataset: a cursor, its name, its number of rows and the type of each column."""

    cursor: "DuckDBPyConnection"
    name: str
    rows: int
    columns: dict[str, str]

    def describe(self) -> dict[str, Any]:
        """Name, number of rows, columns with their types, and the first rows as text."""
        first = self.cursor.execute(f"SELECT * FROM {quote(self.name)} LIMIT {SAMPLE_ROWS}").fetchall()  # noqa: S608 - the name is quoted and of a loaded table
        return {
            "dataset": self.name,
            "rows": self.rows,
            "columns": self.columns,
            "sample": [dict(zip(self.columns, map(str, row), strict=True)) for row in first],
        }


def quote(name: str) -> str:
    """An SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def analyze(
    table: Table,
    operation: Operation,
    measure: str | None,
    group_by: str | None,
    aggregate: Aggregate,
    where: Mapping[str, str],
) -> dict[str, Any]:
    """The figures asked for. Percentages have one decimal; sums of whole numbers are whole.

    Raises:
        ToolFailed: on a column that the dataset does not have, or no rows to compute with.
    """
    columns = table.columns
    measure = measure or _main_measure(columns)
    group = _group(columns, operation, group_by)
    for name in (measure, group, *where):
        if name is not None and name not in columns:
            raise ToolFailed(f"{table.name} has no column {name!r}; it has {', '.join(columns)}")
    if aggregate != "count" and not columns[measure].startswith(NUMERIC):
        raise ToolFailed(f"{measure!r} of {table.name} is no numeric column")
    head = {
        "dataset": table.name,
        "operation": operation,
        "measure": measure,
        "aggregate": aggregate,
        "where": dict(where),
    }
    total, count = _aggregated(table, measure, aggregate, None, where)[0][1:]
    if not count:
        filters = ", ".join(f"{column} = {value}" for column, value in where.items())
        raise ToolFailed(f"{table.name} has no rows" + (f" where {filters}" if filters else ""))
    if group is None:
        return {**head, "total": total, "rows": count}
    groups = _aggregated(table, measure, aggregate, group, where)
    rows = _with_growth(groups, group) if operation in ("by_month", "growth") else _with_share(groups, group)
    result = {
        **head,
        "group_by": group,
        "total": total,
        "rows": rows,
        "best": max(rows, key=lambda row: row["value"]),
        "worst": min(rows, key=lambda row: row["value"]),
    }
    if operation == "growth":
        result["growth_percent"] = _percent(rows[-1]["value"] - rows[0]["value"], rows[0]["value"])
    return result


def _main_measure(columns: Mapping[str, str]) -> str:
    numeric = [name for name, kind in columns.items() if kind.startswith(NUMERIC)]
    if not numeric:
        raise ToolFailed("the dataset has no numeric column to compute with")
    return next((name for name in MAIN_MEASURES if name in numeric), numeric[-1])


def _group(columns: Mapping[str, str], operation: Operation, group_by: str | None) -> str | None:
    if operation == "total":
        return None
    if operation == "by_group":
        if group_by is None:
            raise ToolFailed("by_group needs group_by: the column to group by")
        return group_by
    month = group_by or next((name for name in MONTH_COLUMNS if name in columns), None)
    if month is None:
        raise ToolFailed("the dataset has no column of months; name one with group_by")
    return month


def _aggregated(
    table: Table, measure: str, aggregate: Aggregate, group: str | None, where: Mapping[str, str]
) -> list[tuple[str, float, int]]:
    value = "count(*)" if aggregate == "count" else f"{aggregate}({quote(measure)})"
    key = "''" if group is None else f"CAST({quote(group)} AS VARCHAR)"
    if group in MONTH_COLUMNS:
        key = f"left({key}, 7)"
    condition = " AND ".join(f"lower(CAST({quote(column)} AS VARCHAR)) = lower(?)" for column in where)
    sql = f"SELECT {key} AS grp, {value}, count(*) FROM {quote(table.name)}"  # noqa: S608 - identifiers are quoted and of the table, values are parameters
    sql += (f" WHERE {condition}" if condition else "") + (" GROUP BY grp ORDER BY grp" if group else "")
    found = table.cursor.execute(sql, list(where.values())).fetchall()
    return [(str(row[0]), _number(row[1]), int(row[2])) for row in found]


def _number(value: Any) -> float:
    if value is None:
        return 0
    number = float(value)
    return int(value) if number.is_integer() else round(number, 4)


def _with_growth(groups: list[tuple[str, float, int]], group: str) -> list[dict[str, Any]]:
    before = [None, *(value for _, value, _ in groups)]
    return [
        {group: key, "value": value, "change_percent": None if last is None else _percent(value - last, last)}
        for (key, value, _), last in zip(groups, before, strict=False)
    ]


def _with_share(groups: list[tuple[str, float, int]], group: str) -> list[dict[str, Any]]:
    whole = sum(value for _, value, _ in groups)
    rows = [{group: key, "value": value, "share_percent": _percent(value, whole)} for key, value, _ in groups]
    return sorted(rows, key=lambda row: -float(row["value"]))


def _percent(part: float, whole: float) -> float | None:
    return round(100 * part / whole, 1) if whole else None
