"""Draws the results: ``python plots.py peers.json FOLDER``, in the environment that has matplotlib."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot  # after the choice of what draws

AFTER = "history-store"
"""Projects a turn while it runs and after it; nobody waits for it."""
OURS, THEIRS = "#1f5fa8", "#9a9a9a"


def bars(rows: Mapping[str, Mapping[str, float]], columns: Mapping[str, str], title: str, path: Path) -> None:
    """One panel a column, a bar for everybody who has it."""
    figure, panels = pyplot.subplots(1, len(columns), figsize=(4.2 * len(columns), 3.4), squeeze=False)
    for panel, (column, label) in zip(panels[0], columns.items(), strict=True):
        shown = {name: row[column] for name, row in rows.items() if row.get(column) is not None}
        colours = [OURS if name.startswith("Parley") else THEIRS for name in shown]
        drawn = panel.barh(list(shown), list(shown.values()), color=colours)
        if shown and max(shown.values()) > 30 * min(shown.values()) > 0:
            panel.set_xscale("log")
        panel.bar_label(drawn, fmt="%.3g", padding=3, fontsize=8)
        panel.margins(x=0.2)
        panel.invert_yaxis()
        panel.set_title(label, fontsize=10)
        panel.spines[["top", "right"]].set_visible(False)
    figure.suptitle(title)
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def curves(savers: Mapping[str, Mapping[str, Mapping[str, float]]], path: Path) -> None:
    """What a checkpoint costs as the thread grows."""
    columns = {"aput_ms": "aput, ms", "aget_tuple_ms": "aget_tuple, ms", "kb_a_put": "KB a put"}
    figure, panels = pyplot.subplots(1, len(columns), figsize=(12, 3.4))
    for panel, (column, label) in zip(panels, columns.items(), strict=True):
        for name, rows in savers.items():
            turns = [int(each) for each in rows]
            panel.plot(turns, [row[column] for row in rows.values()], marker="o", label=name)
        panel.set(xscale="log", yscale="symlog", title=label, xlabel="turns in the thread")
        panel.grid(alpha=0.3)
    panels[0].legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def fall(drawn: Mapping[str, Any], path: Path) -> None:
    """One turn: a bar a span, and when the client had the first token and the end."""
    spans = [span for span in drawn["spans"] if not span["what"].startswith(AFTER)]
    figure, panel = pyplot.subplots(figsize=(11, 0.28 * len(spans) + 1.2))
    services = list(dict.fromkeys(span["what"].partition(":")[0] for span in spans))
    colours = dict(zip(services, pyplot.get_cmap("tab10").colors, strict=False))
    for row, span in enumerate(spans):
        begin, end = span["begin_ms"], span["end_ms"]
        panel.barh(row, max(end - begin, 0.02), left=begin, color=colours[span["what"].partition(":")[0]])
        label = f" {span['what']} {end - begin:.2f} ms"
        panel.text(min(end, drawn["turn_ms"]), row, label, va="center", fontsize=7)
    for moment, label in ((drawn["first_ms"], "first token"), (drawn["turn_ms"], "end")):
        panel.axvline(moment, color="black", linestyle=":")
        panel.text(moment, -1.2, f"{label} {moment:.1f} ms", ha="center", fontsize=8)
    panel.set(
        xlim=(0, 1.45 * drawn["turn_ms"]), yticks=[], xlabel="ms after the client sent (with tracing on)"
    )
    panel.invert_yaxis()
    panel.spines[["top", "right", "left"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def main(results: dict[str, Any], folder: Path) -> None:
    """Draw what there is."""
    medians, once = results["medians"], results["once"]
    doors = {name: row for name, row in medians.items() if not name.startswith("server: ")}
    latency = {"first_ms": "first token, ms", "turn_ms": "whole turn, ms"}
    bars(doors, latency, "One client, no time a token", folder / "latency.png")
    rates = {f"turns_s_{clients}": f"turns/s, {clients} clients" for clients in (1, 10, 50)}
    bars(doors, rates, "Turns a second", folder / "throughput.png")
    used = {f"cpu_ms_{clients}": f"CPU ms a turn, {clients} clients" for clients in (1, 10, 50)}
    bars(doors, used, "CPU, databases included", folder / "cpu.png")
    servers = {
        name.removeprefix("server: "): row for name, row in medians.items() if name.startswith("server: ")
    }
    servers.pop("in-process", None)
    memory = {"idle_mb": "idle, MB", "loaded_mb": "after all turns, MB"}
    bars(servers, memory, "Memory, databases included", folder / "memory.png")
    if "waterfall" in once:
        fall(once["waterfall"], folder / "waterfall.png")
    if "savers" in once:
        curves(once["savers"], folder / "checkpoints.png")


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]))
