"""The parley command: one module a command in :mod:`parley.commands`, put together here.

To add a command, write ``commands/<name>.py`` with a function of that name and list it in `COMMANDS`; heavy
imports belong inside the function, so that ``parley status`` does not pay for them.
"""

import os
from importlib.metadata import version
from typing import Annotated

import typer

from parley.commands.archive import archive
from parley.commands.chat import chat
from parley.commands.conversations import conversations
from parley.commands.dead import dead
from parley.commands.declare import declare
from parley.commands.doctor import doctor
from parley.commands.erase import erase
from parley.commands.export import export
from parley.commands.importing import importing
from parley.commands.logs import logs
from parley.commands.rebuild import rebuild
from parley.commands.remote import anywhere
from parley.commands.spread import spread
from parley.commands.status import status
from parley.commands.tail import replay, show, tail
from parley.commands.token import token
from parley.commands.up import dev, up

COMMANDS = (
    up,
    dev,
    status,
    logs,
    anywhere(doctor),
    chat,
    anywhere(conversations),
    anywhere(show),
    anywhere(tail),
    anywhere(replay),
    token,
    anywhere(rebuild),
    anywhere(export),
    anywhere(archive),
    anywhere(erase),
    anywhere(declare),
    anywhere(spread),
)
EPILOG = (
    "Results are on stdout, all else on stderr. Exit codes: 0 done, 1 it could not be done, 2 wrong use "
    "(status: something is not ready), 130 Ctrl-C."
)
HELP = {"help_option_names": ["-h", "--help"]}


def app() -> typer.Typer:
    """The command-line application."""
    parley = typer.Typer(
        name="parley",
        no_args_is_help=True,
        help="Durable conversations over an event log.",
        context_settings=HELP,
        epilog=EPILOG,
    )
    parley.callback()(options)
    for command in COMMANDS:
        parley.command()(command)
    parley.command("import")(anywhere(importing))  # a word of Python's
    parley.add_typer(dead)
    return parley


def show_version(wanted: bool) -> None:
    """Print the version and end, where that is wanted."""
    if wanted:
        typer.echo(f"parley {version('parley')}")
        raise typer.Exit


Version = Annotated[
    bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=show_version)
]


def options(version: Version = False) -> None:
    """Durable conversations over an event log."""


def main() -> None:
    """Run the command line of this process. What it writes is for its user alone."""
    os.umask(0o077)
    app()()
