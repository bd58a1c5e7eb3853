"""The parley command: one module a command in :mod:`parley.commands`, put together here.

To add a command, write ``commands/<name>.py`` with a function of that name and list it in `COMMANDS`; heavy
imports belong inside the function, so that ``parley status`` does not pay for them.
"""

import os

import typer

from parley.commands.bring_in import bring_in
from parley.commands.dead import dead
from parley.commands.declare import declare
from parley.commands.doctor import doctor
from parley.commands.erase import erase
from parley.commands.export import export
from parley.commands.rebuild import rebuild
from parley.commands.status import status
from parley.commands.tail import show, tail
from parley.commands.token import token
from parley.commands.up import up

COMMANDS = (up, status, doctor, token, rebuild, tail, show, export, erase, declare)


def app() -> typer.Typer:
    """The command-line application."""
    parley = typer.Typer(name="parley", no_args_is_help=True, help="Durable conversations over an event log.")
    for command in COMMANDS:
        parley.command()(command)
    parley.command("import")(bring_in)  # a word of Python's
    parley.add_typer(dead)
    return parley


def main() -> None:
    """Run the command line of this process. What it writes is for its user alone."""
    os.umask(0o077)
    app()()
