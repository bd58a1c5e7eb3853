"""``parley rebuild``: the projections made anew from the log, whether the stack runs or not."""

import re
import sys
from typing import Annotated, Final

import typer

from parley.commands.log import run_with_log
from parley.commands.output import progress
from parley.stack.attached import Heard

PROGRESS: Final = re.compile(r"(\d+) of (\d+), ")
"""What history-store tells on its way."""


def rebuild(
    verify: Annotated[
        bool,
        typer.Option("--verify", help="Only compare the tables with the log; exit code 1 if they differ."),
    ] = False,
    digests: Annotated[
        bool, typer.Option("--digests", help="Print the digest of each conversation, as it is everywhere.")
    ] = False,
) -> None:
    """Build a second set of tables from the log and swap it in, or with --verify compare row by row."""
    options = {"--verify": verify, "--digests": digests}
    chosen = (option for option, given in options.items() if given)
    command = ("history_store", "rebuild", *chosen)
    if not sys.stderr.isatty():
        raise typer.Exit(run_with_log(*command))
    with progress("events") as tell:

        def told(line: str) -> None:
            if found := PROGRESS.match(line):
                tell(int(found[1]), int(found[2]))
            else:
                typer.echo(line, err=True)

        heard = Heard(told)
        code = run_with_log(*command, heard=heard)
    sys.stdout.write(heard.results)
    raise typer.Exit(code)
