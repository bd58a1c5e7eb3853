"""``parley spread``: the log laid over more streams."""

from typing import TYPE_CHECKING, Annotated

import typer

from parley.commands.log import with_log
from parley.commands.output import progress

if TYPE_CHECKING:
    from eventlog.broker import Broker
    from eventlog.settings import NatsSettings


def spread(
    streams: Annotated[int, typer.Argument(help="How many streams the log is to have.", min=2)],
) -> None:
    """Lay the log over more streams, while nothing but nats-server runs; then set PARLEY_LOG_STREAMS."""

    async def work(broker: "Broker", nats: "NatsSettings") -> int:
        from eventlog.admin.spreading import spread

        with progress("conversations") as tell:
            return await spread(broker, nats, streams, lambda moved: tell(moved, None))

    moved = with_log(work, check=False)
    typer.echo(f"{moved} conversations moved; set PARLEY_LOG_STREAMS={streams} and start Parley")
