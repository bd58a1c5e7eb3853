"""The start of many processes, which takes all CPU that there is."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Keep out other workers: of several stacks that start at once none is ready in time."""
    with Path(__file__).open() as this:
        fcntl.flock(this, fcntl.LOCK_EX)
        yield
