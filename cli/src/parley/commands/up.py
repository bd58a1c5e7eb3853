"""``parley up`` and ``parley dev``: run everything here in the foreground."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from parley.commands.output import end
from parley.settings import merged

CHOICES = tuple(f"PARLEY_{each}_GRAPH" for each in ("DEFAULT", "OCTO", "AGENT", "ROOM", "VOICE"))
"""The settings that name the graph of new conversations."""


Config = Annotated[
    Path | None, typer.Option(help="A langgraph.json: its graphs are served, the first one by default.")
]


def up(config: Config = None) -> None:
    """Start nats-server, the streams, every service and the gateway, and watch over them until Ctrl-C."""
    _become_the_stack(config)


def dev(config: Config = None) -> None:
    """As `up`, and start agent-runner anew whenever your graphs' files change; runs in progress go on."""
    _become_the_stack(config, "--watch")


def _become_the_stack(config: Path | None, *arguments: str) -> None:
    if config is not None:
        os.environ.update(_graphs_of(config))
    # The process that stays is another program, without the command line's libraries in its memory.
    command = [sys.executable, "-P", "-m", "parley.stack", *arguments]
    os.execv(sys.executable, command)  # noqa: S606 - our own interpreter


def _graphs_of(config: Path) -> dict[str, str]:
    """The settings that serve a project made for ``langgraph dev``; what is set already stands."""
    path = config.resolve()
    try:
        graphs = json.loads(path.read_text("utf-8"))["graphs"]
        first = next(iter(graphs))
    except (OSError, ValueError, KeyError, TypeError, StopIteration) as error:
        reason = getattr(error, "strerror", None) or f"it names no graphs ({error or 'none'})"
        raise end(f"{path} cannot be read: {reason}", 2) from None
    present = merged(os.environ, Path(".env"))
    listed = [each for each in (present.get("PARLEY_GRAPHS"), str(path)) if each]
    chosen = {name: first for name in CHOICES if name not in present}
    return {"PARLEY_GRAPHS": ",".join(listed)} | chosen
