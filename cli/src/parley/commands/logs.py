"""``parley logs``: what the services of the stack have said."""

import sys
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final, TextIO

import typer

from parley.commands.output import INTERRUPTED, AsJson, end, print_json, printable
from parley.commands.settings import settings
from parley.stack.kept import before, file_of
from parley.stack.services import NATS, SERVICES

LOOK_SECONDS: Final = 0.2


def logs(
    service: Annotated[str | None, typer.Argument(help="Only this one, such as agent-runner.")] = None,
    lines: Annotated[int, typer.Option("--lines", "-n", help="How many of the last lines.", min=0)] = 200,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
    *,
    as_json: AsJson = False,
) -> None:
    """Show what the services said, the newest last. Under Compose: docker compose logs."""
    known = [NATS, "gateway", *(each.name for each in SERVICES)]
    if service is not None and service not in known:
        raise end(f"there is no service {service!r}, only {', '.join(known)}", 2)
    path = file_of(settings().data_dir)
    if not path.exists():
        raise end(f"{path} does not exist: `parley up` has not run here (PARLEY_DATA_DIR)")
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            for line in deque(_of(service, _all(path, file)), lines):
                _say(line, as_json=as_json)
            if follow:
                for line in _of(service, _coming(path, file)):
                    _say(line, as_json=as_json)
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None


def _all(path: Path, file: TextIO) -> Iterator[str]:
    if before(path).exists():
        with before(path).open(encoding="utf-8", errors="replace") as older:
            yield from older
    yield from file


def _coming(path: Path, file: TextIO) -> Iterator[str]:
    """The lines that are still to be written; the file may be replaced by a new one."""
    rest = ""
    while True:
        if text := file.readline():
            rest += text
            if rest.endswith("\n"):
                yield rest
                rest = ""
        elif path.exists() and path.stat().st_size < file.tell():
            file = path.open(encoding="utf-8", errors="replace")
        else:
            time.sleep(LOOK_SECONDS)


def _of(service: str | None, lines: Iterator[str]) -> Iterator[str]:
    return (line for line in lines if service is None or line.partition("|")[0].strip() == service)


def _say(line: str, *, as_json: bool) -> None:
    if as_json:
        service, _, text = line.rstrip("\n").partition("|")
        print_json({"service": service.strip(), "text": text.strip()})
    else:
        sys.stdout.write(f"{printable(line.rstrip(chr(10)))}\n")
    sys.stdout.flush()
