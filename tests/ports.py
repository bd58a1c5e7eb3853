"""Ports for what tests start."""

import itertools
import os
import random
import socket
from collections.abc import Iterator
from contextlib import suppress

PORTS = range(10_000, 20_000)
"""Below what systems hand out for connections, and below what a stack takes for inside.

So nobody else takes a port before what it is for listens on it, or while that is down.
"""


def ports_of_this_worker() -> Iterator[int]:
    """Each in turn, from anywhere on, since another run of tests may go on beside this one."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    own = PORTS[worker :: int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))]
    first = random.randrange(len(own))  # noqa: S311 - no secret
    return itertools.cycle([*own[first:], *own[:first]])


NEXT = ports_of_this_worker()


def free_port() -> int:
    """A TCP port that nothing listens on now and no other test is given."""
    for port in itertools.islice(NEXT, len(PORTS)):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError(f"no port from {PORTS.start} to {PORTS.stop} is free")
