"""The results as JSON, and as tables with ratios."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

SYNC, ASYNC = "by hand, sync", "by hand, async"
ROOM, AGENT = "Parley, room", "Parley, agent"
LOG_SAVER, POSTGRES_SAVER = "Parley's log", "AsyncPostgresSaver"
COLUMNS = {
    "first_ms": "first token, ms",
    "turn_ms": "whole turn, ms",
    "turns_s_1": "turns/s at 1",
    "turns_s_10": "at 10",
    "turns_s_50": "at 50",
    "cpu_ms_1": "CPU ms a turn at 1",
    "cpu_ms_10": "at 10",
    "cpu_ms_50": "at 50",
}
AIMS = (
    ("first_ms", SYNC, 0.65, "first token"),
    ("turn_ms", SYNC, 0.6, "whole turn"),
    ("turns_s_10", SYNC, 1.5, "turns/s at 10"),
    ("turns_s_50", SYNC, 1.5, "turns/s at 50"),
    ("cpu_ms_10", SYNC, 1.0, "CPU a turn at 10"),
    ("cpu_ms_50", SYNC, 1.0, "CPU a turn at 50"),
    ("first_ms", ASYNC, 1.2, "first token"),
    ("turn_ms", ASYNC, 0.65, "whole turn"),
)

PICTURES = {
    "latency.png": ("First token and whole turn", ""),
    "throughput.png": ("Turns a second", ""),
    "cpu.png": ("CPU a turn", ""),
    "memory.png": ("Memory", ""),
    "checkpoints.png": ("What a checkpoint costs as the thread grows", "savers"),
    "waterfall.png": ("One turn", "waterfall"),
}
"""Their titles, and which part of what is measured once they need."""

Row = Mapping[str, float]


def write(results: Mapping[str, Any], output: Path) -> None:
    """Write ``peers.json`` and ``peers.md``."""
    medians = {name: middle(rows) for name, rows in results["rounds"].items()}
    (output / "peers.json").write_text(json.dumps({**results, "medians": medians}, indent=1) + "\n")
    (output / "peers.md").write_text("\n".join(_page(results, medians)) + "\n")


def middle(rows: Sequence[Row]) -> dict[str, float]:
    """The median of each figure over the rounds that have it."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: median(row[name] for row in rows if name in row) for name in names}


def _page(results: Mapping[str, Any], medians: Mapping[str, Row]) -> list[str]:
    rounds = max((len(rows) for rows in results["rounds"].values()), default=0)
    lines = [
        "# Figures of one run",
        "",
        f"Medians of {rounds} round{'s' if rounds != 1 else ''}, everybody in turns. ",
    ]
    lines[-1] += (
        "[What is measured, and what stands in the way of each aim](README.md); [every figure](peers.json)."
    )
    lines.append("")
    doors = {name: row for name, row in medians.items() if not name.startswith("server: ")}
    lines += _table(["", *COLUMNS.values()], [[name, *map(row.get, COLUMNS)] for name, row in doors.items()])
    lines += [
        "",
        "As ratios to what is written by hand with durability sync, of the medians of this run:",
        "",
    ]
    base = doors.get(SYNC, {})
    ratios = [[name, *(_ratio(row, base, each) for each in COLUMNS)] for name, row in doors.items()]
    lines += _table(["", *COLUMNS.values()], ratios)
    lines += ["", "| aim | of | ratio | reached |", "| --- | --- | --- | --- |", *_aims(doors, results)]
    lines += ["", *_servers(medians)]
    lines += _once(results["once"])
    if results["failed"]:
        lines += ["", "Not measured:", ""]
        lines += [f"- {name}: {reason}" for name, reason in results["failed"].items()]
    drawn = {file: title for file, (title, part) in PICTURES.items() if not part or part in results["once"]}
    lines += ["", *(f"![{title}]({file})" for file, title in drawn.items())]
    return [*lines, "", "```json", json.dumps(results.get("machine", {}), indent=1), "```"]


def _ratio(row: Row, base: Row, name: str) -> float | None:
    return row[name] / base[name] if name in row and base.get(name) else None


def _aims(doors: Mapping[str, Row], results: Mapping[str, Any]) -> list[str]:
    lines = []
    for name, base, aim, words in AIMS:
        more = name.startswith("turns_s")
        for door in (ROOM,) if name == "first_ms" else (ROOM, AGENT):
            ratio = _ratio(doors.get(door, {}), doors.get(base, {}), name)
            if ratio is not None:
                reached = "yes" if (ratio >= aim if more else ratio <= aim) else "no"
                lines.append(
                    f"| {words} {'≥' if more else '≤'} {aim} | {door} to {base} | {ratio:.2f} | {reached} |"
                )
    return lines + [
        f"| {words} ≤ {aim:g} | {who} | {value:.2f} | {'yes' if value <= aim else 'no'} |"
        for words, who, value, aim in _limits(results)
        if value is not None
    ]


def _limits(results: Mapping[str, Any]) -> list[tuple[str, str, float | None, float]]:
    once = results["once"]
    sockets, savers = once.get("sockets", {}), once.get("savers", {})
    token = once.get("tokens", {}).get(ROOM, {})
    idle = middle(results["rounds"].get("server: Parley", [])).get("idle_mb")

    def put(turns: str) -> float | None:
        ours, theirs = (savers.get(name, {}).get(turns, {}) for name in (LOG_SAVER, POSTGRES_SAVER))
        return _ratio(ours, theirs, "aput_ms")

    return [
        ("idle memory, MB", "Parley", idle, 400.0),
        *(
            ("an idle WebSocket, KB", door, sockets.get(door, {}).get("socket_kb"), 25.0)
            for door in (ROOM, AGENT)
        ),
        ("a token's way at p50, ms", ROOM, token.get("token_p50_ms"), 0.5),
        ("a token's way at p99, ms", ROOM, token.get("token_p99_ms"), 3.0),
        ("aput at 1 turn", f"{LOG_SAVER} to {POSTGRES_SAVER}", put("1"), 0.5),
        ("aput at 500 turns", f"{LOG_SAVER} to {POSTGRES_SAVER}", put("500"), 0.1),
    ]


def _servers(medians: Mapping[str, Row]) -> list[str]:
    head = ["", "start, s", "memory idle, MB", "after all turns, MB"]
    rows = [
        [name.removeprefix("server: "), row.get("start_s"), row.get("idle_mb"), row.get("loaded_mb")]
        for name, row in medians.items()
        if name.startswith("server: ") and "in-process" not in name
    ]
    return [
        "Memory is of all processes, databases included, what they share counted once.",
        "",
        *_table(head, rows),
    ]


def _once(once: Mapping[str, Any]) -> list[str]:
    lines: list[str] = []
    heads = {
        "sockets": ("An open WebSocket that says nothing", {"socket_kb": "KB each"}),
        "tokens": (
            "From the making of a token to its client, many streams at 20 tokens a second",
            {"token_p50_ms": "p50, ms", "token_p99_ms": "p99, ms"},
        ),
        "takeover": (
            "Killed with -9 at the fifth token and started again",
            {"restart_s": "until it answers, s", "finished_s": "then until the turn ended by itself, s"},
        ),
    }
    for part, (title, columns) in heads.items():
        if rows := once.get(part):
            cells = [[name, *(row.get(each) for each in columns)] for name, row in rows.items()]
            lines += ["", f"{title}:", "", *_table(["", *columns.values()], cells)]
    if savers := once.get("savers"):
        columns = {
            "aput_ms": "aput, ms",
            "aput_writes_ms": "aput_writes, ms",
            "aget_tuple_ms": "aget_tuple, ms",
            "kb_a_put": "KB a put",
        }
        cells = [
            [f"{name}, {turns} turns", *(row.get(each) for each in columns)]
            for name, rows in savers.items()
            for turns, row in rows.items()
        ]
        lines += ["", "One checkpoint:", "", *_table(["", *columns.values()], cells)]
    if rates := once.get("rates"):
        read, built = (f"{rates[name]:,.0f}" for name in ("read_events_s", "rebuild_events_s"))
        lines += [
            "",
            f"Parley reads and decodes {read} events a second of the {rates['events']:,} in its log, and",
            f"projects and compares {built} a second (`parley rebuild --verify`).",
        ]
    return lines


def _table(head: Sequence[str], rows: Sequence[Sequence[str | float | None]]) -> list[str]:
    lines = [head, ["---"] * len(head), *([_cell(cell) for cell in row] for row in rows)]
    return [f"| {' | '.join(line)} |" for line in lines]


def _cell(value: str | float | None) -> str:
    if value is None:
        return "–"
    return value if isinstance(value, str) else f"{value:.3g}" if value < 1000 else f"{value:,.0f}"
