"""``parley erase``: a conversation removed for good."""

from typing import TYPE_CHECKING, Annotated

import typer

from parley.commands.log import ask_history, with_archive

if TYPE_CHECKING:
    from eventlog.admin.archive import Archive
    from eventlog.admin.erasing import Erased
    from eventlog.broker import Broker
    from eventlog.settings import NatsSettings


def erase(
    key: Annotated[str, typer.Argument(help="The conversation's key.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove a conversation from log, archive and projections for good, while the stack runs."""
    from contracts.queries import SESSION, SessionFound, SessionQuery

    if not yes:
        typer.confirm(f"Remove conversation {key!r} for good?", abort=True)

    async def work(archive: "Archive", broker: "Broker", _: "NatsSettings") -> "Erased":
        await ask_history(broker, SESSION, SessionQuery(conversation=key), SessionFound)
        return await archive.erase(key)

    erased = with_archive(work)
    typer.echo(
        f"removed: {erased.events} events, {erased.deltas} live deltas, {erased.dead_letters} dead letters, "
        f"{erased.payloads} large payloads and recordings, {erased.files} files of the archive"
    )
