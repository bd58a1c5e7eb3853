"""``parley archive``: quiet conversations moved out of the log into files, until somebody returns to them."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from parley.commands.log import with_archive
from parley.commands.output import end

if TYPE_CHECKING:
    from eventlog.admin.archive import Archive
    from eventlog.broker import Broker
    from eventlog.settings import NatsSettings


def archive(
    keys: Annotated[
        list[str] | None,
        typer.Argument(help="These conversations, if quiet for a minute.", show_default=False),
    ] = None,
    quiet_days: Annotated[
        float | None, typer.Option(help="All that have been quiet for so many days.", min=0)
    ] = None,
    back: Annotated[bool, typer.Option("--back", help="Bring these conversations back instead.")] = False,
) -> None:
    """Move quiet conversations out of the log into files, until somebody returns; the stack has to run."""
    if bool(keys) == (quiet_days is not None):
        raise end("name conversations, or give --quiet-days", 2)
    if back and not keys:
        raise end("--back needs the conversations named", 2)

    async def all_quiet(archive: "Archive", _: "Broker", __: "NatsSettings") -> int:
        await archive.resume()
        return await archive.sweep(timedelta(days=quiet_days or 0))

    async def named(archive: "Archive", _: "Broker", __: "NatsSettings") -> list[str]:
        return [key for key in keys or () if not await archive.only(key)]

    async def returned(archive: "Archive", _: "Broker", __: "NatsSettings") -> int:
        return sum([await archive.bring_back(key) for key in keys or ()])

    if back:
        if not (count := with_archive(returned)):
            raise end(f"not in the archive: {', '.join(map(repr, keys or ()))}")
        typer.echo(f"{count} events brought back")
    elif not keys:
        typer.echo(f"{with_archive(all_quiet)} conversations archived")
    elif left := with_archive(named):
        raise end(
            f"not archived: {', '.join(map(repr, left))} (no such conversation, in use, or it had an "
            "event within the last minute)"
        )
