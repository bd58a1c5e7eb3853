"""``parley up``: run everything here in the foreground."""

import os
import sys


def up() -> None:
    """Start nats-server, the streams, every service and the gateway, and watch over them until Ctrl-C."""
    # The process that stays is another program, without the command line's libraries in its memory.
    os.execv(sys.executable, [sys.executable, "-P", "-m", "parley.stack"])  # noqa: S606 - our own interpreter
