"""``parley rebuild``: the projections made anew from the log, whether the stack runs or not."""

from typing import Annotated

import typer

from parley.commands.log import run_with_log


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
    raise typer.Exit(run_with_log("history_store", "rebuild", *chosen))
