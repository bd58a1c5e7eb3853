"""``parley import``: a conversation from a file."""

import gzip
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from parley.commands.log import with_log
from parley.commands.output import end, progress

if TYPE_CHECKING:
    from eventlog.broker import Broker
    from eventlog.settings import NatsSettings


def importing(
    file: Annotated[
        Path,
        typer.Argument(
            help="What parley export has written; - for standard input.",
        ),
    ],
) -> None:
    """Append the conversation of a file to this installation's log, under its own key, which must be free."""
    try:
        text = sys.stdin.read() if file == Path("-") else _text(file)
    except (OSError, EOFError, ValueError) as error:
        raise end(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}", 2) from None
    lines = text.splitlines()

    async def append(broker: "Broker", nats: "NatsSettings") -> tuple[str, int]:
        from eventlog.admin.porter import Porter

        with progress("events") as tell:
            return await Porter(broker, nats).importing(lines, lambda done: tell(done, len(lines) - 2))

    key, count = with_log(append)
    typer.echo(f"{count} events of conversation {key!r}")


def _text(file: Path) -> str:
    """The text of a file, which may be one of the archive."""
    if file.suffix == ".gz":
        with gzip.open(file, "rt", encoding="utf-8") as opened:
            return opened.read()
    return file.read_text(encoding="utf-8")
