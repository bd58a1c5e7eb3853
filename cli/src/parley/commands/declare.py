"""``parley declare``: the streams, as this installation needs them."""

import os
from typing import Annotated

import typer

from parley.commands.log import REMOTE, run_with_log


def declare(
    keep: Annotated[
        bool, typer.Option("--keep", help="Stay, and declare them again whenever one is missing.")
    ] = False,
) -> None:
    """Create the streams of the log, or bring them to the configured sizes."""
    if REMOTE not in os.environ:
        raise typer.Exit(run_with_log(f"eventlog.admin.{'keeper' if keep else 'declare'}"))
    if keep:  # in this process, which is the one that is told to end
        from eventlog.admin.keeper import run
    else:
        from eventlog.admin.declare import run
    run()
