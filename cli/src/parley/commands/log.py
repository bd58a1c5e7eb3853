"""A connection to the installation's log for a command, or the command's end with one line."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

import typer

from parley.commands.settings import settings
from parley.stack.attached import NoLog, log_environment, run_module
from parley.stack.data_dir import Busy

if TYPE_CHECKING:
    from eventlog.broker import Broker
    from eventlog.settings import NatsSettings

ResultT = TypeVar("ResultT")


def with_log(work: "Callable[[Broker, NatsSettings], Awaitable[ResultT]]") -> ResultT:
    """What `work` gives, done with a connected broker; exit code 1 and one line if it cannot be done."""
    from eventlog import service
    from eventlog.broker import Broker
    from eventlog.ports import LogError
    from eventlog.settings import NatsSettings

    async def connected() -> ResultT:
        async with log_environment(settings()) as variables:
            nats = NatsSettings(
                url=variables["PARLEY_NATS_URL"],
                user=variables["PARLEY_NATS_USER"],
                password=variables["PARLEY_NATS_PASSWORD"],
            )
            broker = Broker(nats, "parley")
            await service.connect(broker)
            try:
                return await work(broker, nats)
            finally:
                await broker.stop()

    try:
        return asyncio.run(connected())
    except (LogError, NoLog, Busy, ValueError, OSError) as error:
        raise _ended(error) from None


def run_with_log(*command: str) -> int:
    """The exit code of a Python module of the installation, run with the log at hand."""
    try:
        return asyncio.run(run_module(settings(), *command))
    except (NoLog, Busy, OSError) as error:
        raise _ended(error) from None


def _ended(error: Exception) -> typer.Exit:
    typer.echo(f"parley: {error or type(error).__name__}", err=True)
    return typer.Exit(1)
