"""``python -m parley.stack``: run the stack of the working directory's settings in the foreground."""

import asyncio
import os
import sys
from pathlib import Path

from parley.settings import Settings, SettingsError
from parley.stack.console import Console
from parley.stack.data_dir import Busy
from parley.stack.kept import KeptLines, file_of
from parley.stack.nats import DiskFull
from parley.stack.ports import PortTaken
from parley.stack.services import SERVICES
from parley.stack.supervisor import Stack, StartFailed


def main() -> int:
    """Run; the answer is the exit code. What it and its processes write is for their user alone."""
    os.umask(0o077)
    try:
        settings = Settings.load(os.environ, Path(".env"))
        asyncio.run(_run(settings))
    except (SettingsError, Busy, PortTaken, DiskFull, StartFailed, OSError) as error:
        sys.stderr.write(f"parley: {error}\n")
        return 1
    return 0


async def _run(settings: Settings) -> None:
    services = [each for each in SERVICES if each.installed]
    await Stack(settings, Console(sys.stdout, KeptLines(file_of(settings.data_dir))), services=services).run()


if __name__ == "__main__":
    sys.exit(main())
