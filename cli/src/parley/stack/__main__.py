"""``python -m parley.stack``: run the stack of the working directory's settings in the foreground.

With ``--watch``, as ``parley dev`` does, agent-runner is started anew when the graphs' files change.
"""

import asyncio
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Final

from parley.settings import Settings, SettingsError
from parley.stack.console import Console
from parley.stack.data_dir import Busy
from parley.stack.kept import KeptLines, file_of
from parley.stack.nats import DiskFull
from parley.stack.ports import PortTaken
from parley.stack.services import SERVICES
from parley.stack.supervisor import Stack, StartFailed
from parley.stack.watching import sources

RELENTLESS: Final = {"PARLEY_MAX_ATTEMPTS": "1000", "PARLEY_TAKEOVER_AFTER": "0.5"}
"""A run outlives any number of changes to its graph, and goes on at once after each."""


def main() -> int:
    """Run; the answer is the exit code. What it and its processes write is for their user alone."""
    os.umask(0o077)
    try:
        settings = Settings.load(os.environ, Path(".env"))
        asyncio.run(_run(settings, watch="--watch" in sys.argv[1:]))
    except (SettingsError, Busy, PortTaken, DiskFull, StartFailed, OSError) as error:
        sys.stderr.write(f"parley: {error}\n")
        return 1
    return 0


async def _run(settings: Settings, *, watch: bool) -> None:
    services = [each for each in SERVICES if each.installed]
    watched: list[Path] = []
    if watch:
        watched = sources(settings.environment, Path.cwd())
        if not watched:
            raise StartFailed("PARLEY_GRAPHS names no graphs that could be watched")
        settings = replace(settings, environment=RELENTLESS | dict(settings.environment))
    console = Console(sys.stdout, KeptLines(file_of(settings.data_dir)))
    await Stack(settings, console, services=services, watched=watched).run()


if __name__ == "__main__":
    sys.exit(main())
