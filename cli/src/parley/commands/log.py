"""A connection to the installation's log for a command, or the command's end with one line.

The log is that of the data directory here, or with PARLEY_NATS_URL one elsewhere: then the variables are
those of a service, with the operator as PARLEY_NATS_USER.
"""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, TypeVar

import typer

from parley.commands.settings import settings
from parley.stack.attached import Heard, NoLog, log_environment, run_module
from parley.stack.data_dir import Busy

if TYPE_CHECKING:
    from pydantic import BaseModel

    from eventlog.admin.archive import Archive
    from eventlog.broker import Broker
    from eventlog.settings import ArchiveSettings, NatsSettings

ResultT = TypeVar("ResultT")
AnswerT = TypeVar("AnswerT", bound="BaseModel")

ASK_SECONDS: Final = 10.0

REMOTE: Final = "PARLEY_NATS_URL"
"""Says that the log is not of the embedded stack."""


@asynccontextmanager
async def reached() -> AsyncIterator[Mapping[str, str]]:
    """What a program is told to reach the log and the projections. Raises as `log_environment`."""
    if REMOTE in os.environ:
        yield os.environ
        return
    async with log_environment(settings()) as variables:
        yield variables


def nats_settings(variables: Mapping[str, str]) -> "NatsSettings":
    """How the log is reached, as `reached` says.

    Raises:
        chassis.settings.WrongSetting: if a variable does not fit.
    """
    from chassis.settings import load
    from eventlog.settings import NatsSettings

    if REMOTE in os.environ:
        return load(NatsSettings)
    return NatsSettings(
        url=variables["PARLEY_NATS_URL"],
        user=variables["PARLEY_NATS_USER"],
        password=variables["PARLEY_NATS_PASSWORD"],
    )


def with_log(work: "Callable[[Broker, NatsSettings], Awaitable[ResultT]]", *, check: bool = True) -> ResultT:
    """What `work` gives, done with a connected broker; exit code 1 and one line if it cannot be done.

    Args:
        check: whether the streams have to be as the log needs them.
    """
    from eventlog import service
    from eventlog.broker import Broker
    from eventlog.ports import LogError

    # A server that was started for the command has no LIVE, and no command needs it.
    logging.getLogger("eventlog.streams").setLevel(logging.ERROR)

    async def connected() -> ResultT:
        async with reached() as variables:
            nats = nats_settings(variables)
            broker = Broker(nats, "parley")
            await (service.connect(broker) if check else broker.reach())
            try:
                return await work(broker, nats)
            finally:
                await broker.stop()

    try:
        return asyncio.run(connected())
    except BrokenPipeError:
        raise  # who reads the results has seen enough; Click ends in silence
    except (LogError, NoLog, Busy, ValueError, OSError) as error:
        raise _ended(error) from None


def with_archive(work: "Callable[[Archive, Broker, NatsSettings], Awaitable[ResultT]]") -> ResultT:
    """As `with_log`, with the archive of quiet conversations."""
    from chassis.settings import load
    from eventlog.admin.archive import Archive
    from eventlog.admin.storage import Storage
    from eventlog.settings import ArchiveSettings

    def configured() -> "ArchiveSettings":
        if REMOTE in os.environ:
            return load(ArchiveSettings)
        here = settings()
        where = here.environment.get("PARLEY_ARCHIVE", "")
        return ArchiveSettings(data_dir=here.data_dir, archive=where)

    async def archived(broker: "Broker", nats: "NatsSettings") -> ResultT:
        return await work(Archive(broker, nats, Storage(configured().place)), broker, nats)

    return with_log(archived)


async def ask_history(
    broker: "Broker", query: str, question: "BaseModel", answer: "type[AnswerT]"
) -> "AnswerT":
    """What history-store answers. Raises `LogError`, which asks for the stack where nobody answers."""
    from eventlog.ports import Unavailable
    from eventlog.query import ask

    try:
        return await ask(broker, query, question, answer, timeout_seconds=ASK_SECONDS)
    except Unavailable as error:
        raise Unavailable(f"history-store does not answer, is the stack running? ({error})") from None


def run_with_log(*command: str, heard: Heard | None = None) -> int:
    """The exit code of a module of the installation, run with the log at hand; `heard` as `run_module`."""

    async def run() -> int:
        async with reached() as variables:
            return await run_module(variables, *command, heard=heard)

    try:
        return asyncio.run(run())
    except (NoLog, Busy, OSError) as error:
        raise _ended(error) from None


def _ended(error: Exception) -> typer.Exit:
    typer.echo(f"parley: {error or type(error).__name__}", err=True)
    return typer.Exit(1)
