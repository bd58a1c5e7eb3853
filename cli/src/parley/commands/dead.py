"""``parley dead``: what could not be handled, and what to do with it."""

from typing import TYPE_CHECKING, Annotated

import typer

from parley.commands.log import with_log
from parley.commands.output import AsJson, print_json, table
from parley.commands.remote import anywhere

if TYPE_CHECKING:
    from eventlog.broker import Broker
    from eventlog.settings import NatsSettings
    from eventlog.turns.dead_letters import DeadLetter

dead = typer.Typer(name="dead", no_args_is_help=True, help="Deal with what could not be handled.")

Number = Annotated[int, typer.Argument(help="The letter's number, as `parley dead list` gives it.", min=1)]


@dead.command("list")
@anywhere
def list_letters(*, as_json: AsJson = False) -> None:
    """List the dead letters, oldest first."""

    async def read(broker: "Broker", nats: "NatsSettings") -> "list[tuple[int, DeadLetter]]":
        from eventlog.turns.dead_letters import DeadLetterQueue

        return [each async for each in DeadLetterQueue(broker, nats, "parley").letters()]

    letters = with_log(read)
    if as_json:
        print_json([{"number": number, **letter.model_dump(mode="json")} for number, letter in letters])
    elif letters:
        rows = ((number, each.service, each.conversation, each.reason) for number, each in letters)
        table(("number", "service", "conversation", "reason"), rows)
    else:
        typer.echo("there are no dead letters", err=True)


@dead.command()
@anywhere
def show(number: Number) -> None:
    """Show one dead letter: who gave up on what, and why."""

    async def read(broker: "Broker", nats: "NatsSettings") -> "DeadLetter":
        from eventlog.turns.dead_letters import DeadLetterQueue

        return await DeadLetterQueue(broker, nats, "parley").letter(number)

    typer.echo(with_log(read).model_dump_json(indent=2))


@dead.command()
@anywhere
def retry(number: Number) -> None:
    """Say a message that was given up once more, and drop its letter."""

    async def again(broker: "Broker", nats: "NatsSettings") -> int:
        from eventlog.turns.dead_letters import DeadLetterQueue

        return await DeadLetterQueue(broker, nats, "parley").retry(number)

    typer.echo(f"said again as event {with_log(again)}")


@dead.command()
@anywhere
def drop(number: Number) -> None:
    """Remove a dead letter."""

    async def remove(broker: "Broker", nats: "NatsSettings") -> None:
        from eventlog.turns.dead_letters import DeadLetterQueue

        await DeadLetterQueue(broker, nats, "parley").drop(number)

    with_log(remove)
    typer.echo(f"dropped {number}")
