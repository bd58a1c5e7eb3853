"""``parley status``: what is running, asked now."""

import asyncio
import json
from collections.abc import Sequence
from typing import Annotated, TypedDict

import typer

from parley.commands.settings import settings
from parley.stack import probe
from parley.stack.data_dir import DataDir, ProcessState


class Status(TypedDict):
    """One process, as shown."""

    service: str
    pid: int | None
    state: str
    restarts: int
    ready: bool


def status(
    *, as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list for programs.")] = False
) -> None:
    """Show every process of the stack and whether it is ready.

    Exit code 1 when no stack is running here, 2 when something of it is not ready.
    """
    here = settings()
    processes = DataDir(here.data_dir).state()
    statuses = asyncio.run(_ask(processes))
    if as_json:
        typer.echo(json.dumps(statuses))
    elif statuses:
        _show(statuses)
    if not statuses:
        typer.echo(f"parley: nothing is running on {here.data_dir} (PARLEY_DATA_DIR)", err=True)
        raise typer.Exit(1)
    if not all(each["ready"] for each in statuses):
        raise typer.Exit(2)


async def _ask(processes: Sequence[ProcessState]) -> list[Status]:
    answers = await asyncio.gather(*(probe.ready(each["service"], each["port"]) for each in processes))
    return [
        {
            "service": process["service"],
            "pid": process["pid"],
            "state": process["state"],
            "restarts": process["restarts"],
            "ready": ready and process["pid"] is not None,
        }
        for process, ready in zip(processes, answers, strict=True)
    ]


def _show(statuses: Sequence[Status]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("service", "pid", "state", "restarts", "ready", box=None)
    for each in statuses:
        ready = "[green]yes[/]" if each["ready"] else "[red]no[/]"
        table.add_row(each["service"], str(each["pid"] or "-"), each["state"], str(each["restarts"]), ready)
    Console().print(table)
