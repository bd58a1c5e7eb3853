"""``parley conversations``: the conversations there are, the newest first."""

from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from parley.commands.log import ask_history, with_log
from parley.commands.output import AsJson, end, print_json, table

if TYPE_CHECKING:
    from contracts.queries import Sessions
    from eventlog.broker import Broker
    from eventlog.settings import NatsSettings


def conversations(
    search: Annotated[str | None, typer.Option(help="Only those whose key or title holds this text.")] = None,
    status: Annotated[
        str | None, typer.Option(help="active, in_progress, waiting_human or completed.")
    ] = None,
    protocol: Annotated[str | None, typer.Option(help="Only those begun by this protocol.")] = None,
    user: Annotated[str | None, typer.Option("--user-id", help="Only those of this user.")] = None,
    archived: Annotated[
        bool | None,
        typer.Option("--archived/--not-archived", help="Only those in the archive, or the others."),
    ] = None,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1, max=500)] = 50,
    *,
    as_json: AsJson = False,
) -> None:
    """List conversations, the one with the newest event first; the stack has to run."""
    from contracts.queries import SESSIONS, Sessions, SessionsQuery, Status

    if status is not None and status not in get_args(Status):
        raise end(f"--status must be one of {', '.join(get_args(Status))}", 2)
    filters: dict[str, Any] = {"search": search, "status": status, "protocol": protocol, "user_id": user}
    filters["archived"] = archived

    async def read(broker: "Broker", _: "NatsSettings") -> "Sessions":
        query = SessionsQuery(**filters, limit=limit, everybodys=True)
        return await ask_history(broker, SESSIONS, query, Sessions)

    found = with_log(read)
    if as_json:
        print_json([each.model_dump(mode="json") for each in found.sessions])
        return
    rows = (
        (
            s.key,
            "archived" if s.archived else s.status,
            s.protocol,
            s.graph,
            s.user_id or "",
            s.updated_at[:19],
        )
        for s in found.sessions
    )
    table(("key", "status", "protocol", "graph", "user", "last event"), rows)
    if found.total > len(found.sessions):
        typer.echo(f"{len(found.sessions)} of {found.total}; --limit shows more", err=True)
