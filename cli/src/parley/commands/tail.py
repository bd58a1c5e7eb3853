"""``parley tail`` and ``parley show``: the log as it is, a line an event."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from parley.commands.log import with_log
from parley.plain import plain

if TYPE_CHECKING:
    from contracts.envelope import Recorded
    from eventlog.broker import Broker
    from eventlog.settings import NatsSettings

LONGEST = 160


def tail(
    after: Annotated[
        int | None, typer.Option(help="Begin behind this sequence; at the end of the log if left out.")
    ] = None,
) -> None:
    """Follow all conversations until Ctrl-C."""

    async def follow(broker: "Broker", nats: "NatsSettings") -> None:
        from contracts.events import REGISTERED, UPCASTERS
        from contracts.registry import Registry
        from eventlog.jetstream import JetStreamLog

        log = JetStreamLog(broker, Registry(REGISTERED, UPCASTERS), nats)
        begin = await log.position() if after is None else after
        async with log.follow_all(after=begin) as batches:
            async for batch in batches:
                for event in batch:
                    _say(event, conversation=True)

    try:
        with_log(follow)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def show(
    key: Annotated[str, typer.Argument(help="The conversation's key.")],
) -> None:
    """Show every event of one conversation."""

    async def read(broker: "Broker", nats: "NatsSettings") -> int:
        from contracts.events import REGISTERED, UPCASTERS
        from contracts.registry import Registry
        from eventlog.jetstream import JetStreamLog

        count = 0
        async for event in JetStreamLog(broker, Registry(REGISTERED, UPCASTERS), nats).read(key):
            _say(event, conversation=False)
            count += 1
        return count

    if not with_log(read):
        typer.echo(f"parley: there is no conversation {key!r}", err=True)
        raise typer.Exit(1)


def _say(event: "Recorded", *, conversation: bool) -> None:
    text = event.event.model_dump_json(exclude_defaults=True)
    if len(text) > LONGEST:
        text = text[: LONGEST - 1] + "…"
    key = f" {event.conversation!r}" if conversation else ""
    time = event.occurred_at.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    line = f"{event.sequence:>8} {time} {event.source:<13}{key} {event.event.type} {text}"
    sys.stdout.write(f"{plain(line)}\n")
    sys.stdout.flush()
