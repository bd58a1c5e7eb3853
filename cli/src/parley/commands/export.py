"""``parley export``: one conversation as a file."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from parley.commands.log import with_archive
from parley.commands.output import end, progress

if TYPE_CHECKING:
    from eventlog.admin.archive import Archive
    from eventlog.broker import Broker
    from eventlog.settings import NatsSettings


def export(
    key: Annotated[str, typer.Argument(help="The conversation's key.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file; standard output for - or if left out.")
    ] = None,
) -> None:
    """Write one conversation as JSON Lines: a header, its events as they are stored, a digest."""

    async def lines(archive: "Archive", broker: "Broker", nats: "NatsSettings") -> list[str]:
        from eventlog.admin.porter import Porter

        if archived := await archive.lines(key):
            return archived
        written: list[str] = []
        with progress("events") as tell:
            async for line in Porter(broker, nats).write(key):
                written.append(line)
                tell(len(written) - 1, None)  # behind the header
        return written

    found = with_archive(lines)
    if len(found) == 2:
        raise end(f"there is no conversation {key!r}")
    text = "".join(f"{line}\n" for line in found)
    if output and output != Path("-"):
        try:
            output.write_text(text, encoding="utf-8")
        except OSError as error:
            raise end(f"{output}: {error.strerror}") from None
        typer.echo(f"{len(found) - 2} events in {output}", err=True)
    else:
        sys.stdout.write(text)
