"""How commands write: results on stdout, for people or as JSON for programs, and all else on stderr."""

import json
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, Final

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]

INTERRUPTED: Final = 130
"""The exit code after Ctrl-C."""

_HIDDEN: Final = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
"""Unicode categories of what a terminal would obey instead of show: control, bidi, separators."""


def printable(text: str) -> str:
    """The text with everything that a terminal would obey written as an escape."""
    return "".join(
        each if unicodedata.category(each) not in _HIDDEN else f"\\u{ord(each):04x}" for each in text
    )


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print rows as a table that is as wide as it has to be."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table(*head, box=None)
    for row in rows:
        shown.add_row(*(Text(printable(str(cell))) for cell in row))
    Console().print(shown)


def print_json(value: Any) -> None:
    """Print a value on one line."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")


@contextmanager
def progress(label: str) -> Iterator[Callable[[int, int | None], None]]:
    """A bar on stderr as long as the context lasts, where that is a terminal.

    Gives what is told how many are done, and of how many; where that is None, the bar only counts.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as shown:
        task = shown.add_task(label, total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total)


def end(reason: str, code: int = 1) -> typer.Exit:
    """The end of the command, with one line of why."""
    typer.echo(f"parley: {printable(reason)}", err=True)
    return typer.Exit(code)
