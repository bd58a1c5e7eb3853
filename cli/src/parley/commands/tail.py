"""``parley tail``, ``show`` and ``replay``: the log as it is, and a conversation as it was."""

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from parley.commands.log import with_log
from parley.commands.output import INTERRUPTED, AsJson, end, print_json, printable

if TYPE_CHECKING:
    from contracts.envelope import Recorded
    from eventlog.broker import Broker
    from eventlog.jetstream import JetStreamLog
    from eventlog.settings import NatsSettings

LONGEST = 160

Key = Annotated[str, typer.Argument(help="The conversation's key.")]


def tail(
    key: Annotated[str | None, typer.Argument(help="Only this conversation.")] = None,
    after: Annotated[
        int | None,
        typer.Option(help="Begin behind this sequence, 0 for everything; at the end of the log if left out."),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Follow all conversations, or one, until Ctrl-C."""
    from eventlog.sharding import beginning, stream_at, stream_of

    async def follow(broker: "Broker", nats: "NatsSettings") -> None:
        log = _log(broker, nats)
        if key is not None:
            begin = await log.position(stream_of(key, log.streams)) if after is None else after
            async with log.follow(key, after=begin) as events:
                async for event in events:
                    _say(event, conversation=False, as_json=as_json)
            return

        async def follow_stream(begin: int) -> None:
            async with log.follow_all(after=begin) as batches:
                async for batch in batches:
                    for event in batch:
                        _say(event, conversation=True, as_json=as_json)

        begins = list(await log.positions())
        if after == 0:
            begins = [beginning(stream) for stream in range(log.streams)]
        elif after is not None:
            begins = [after if stream_at(begin) == stream_at(after) else begin for begin in begins]
        await asyncio.gather(*map(follow_stream, begins))

    try:
        with_log(follow)
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None


def show(
    key: Key,
    full: Annotated[bool, typer.Option("--full", help="Show events whole.")] = False,
    *,
    as_json: AsJson = False,
) -> None:
    """Show every event of one conversation."""

    async def read(broker: "Broker", nats: "NatsSettings") -> int:
        count = 0
        async for event in _log(broker, nats).read(key):
            _say(event, conversation=False, full=full, as_json=as_json)
            count += 1
        return count

    if not with_log(read):
        raise end(f"there is no conversation {key!r}")


def replay(
    key: Key,
    to: Annotated[int | None, typer.Option(help="The sequence to stop at; the end if left out.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show a conversation as people saw it, up to an event: what was said, the steps and the replies."""

    async def read(broker: "Broker", nats: "NatsSettings") -> int:
        count = 0
        async for event in _log(broker, nats).read(key, until=to):
            count += 1
            for who, text in _told(event):
                if as_json:
                    print_json({"sequence": event.sequence, "who": who, "text": text})
                    continue
                sys.stdout.write(f"{event.sequence:>8} {who:<8} {_indented(printable_lines(text))}\n")
        return count

    if not with_log(read):
        raise end(f"there is no conversation {key!r}" + ("" if to is None else f" up to {to}"))


def printable_lines(text: str) -> list[str]:
    """The lines of a text, each safe for a terminal."""
    return [printable(line) for line in text.splitlines()] or [""]


def _told(recorded: "Recorded") -> list[tuple[str, str]]:
    """What a person read of an event, and who said it."""
    event: Any = recorded.event
    match event.type:
        case "message.received":
            return [("person", event.text)]
        case "message.answered":
            said = event.response if event.response is not None else ("yes" if event.approve else "no")
            return [("person", str(said))]
        case "run.node_completed":
            return [("step", step.text) for step in event.steps if step.kind != "final_answer"]
        case "run.interrupted":
            questions = getattr(event, "questions", ()) or (event,)
            return [("asks", each.question) for each in questions]
        case "run.completed":
            return [("agent", event.text)]
        case "run.failed":
            return [("failed", event.error)]
        case "run.cancelled" | "conversation.deleted":
            return [("stopped" if event.type == "run.cancelled" else "deleted", "")]
        case _:
            return []


def _indented(lines: list[str]) -> str:
    return f"\n{'':18}".join(lines)


def _log(broker: "Broker", nats: "NatsSettings") -> "JetStreamLog":
    from contracts.events import REGISTERED, UPCASTERS
    from contracts.registry import Registry
    from eventlog.jetstream import JetStreamLog

    return JetStreamLog(broker, Registry(REGISTERED, UPCASTERS), nats)


def _say(event: "Recorded", *, conversation: bool, full: bool = False, as_json: bool = False) -> None:
    if as_json:
        print_json(
            {
                "sequence": event.sequence,
                "id": event.id,
                "conversation": event.conversation,
                "type": event.event.type,
                "occurred_at": event.occurred_at.isoformat(),
                "source": event.source,
                "data": event.event.model_dump(mode="json"),
            }
        )
    else:
        text = event.event.model_dump_json(exclude_defaults=True)
        if len(text) > LONGEST and not full:
            text = text[: LONGEST - 1] + "…"
        key = f" {event.conversation!r}" if conversation else ""
        time = event.occurred_at.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
        line = f"{event.sequence:>8} {time} {event.source:<13}{key} {event.event.type} {text}"
        sys.stdout.write(f"{printable(line)}\n")
    sys.stdout.flush()
