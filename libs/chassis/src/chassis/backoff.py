"""How long to wait before something is tried again."""

from collections.abc import Iterator
from itertools import repeat
from typing import Final

_FIRST_SECONDS: Final = 0.05
_LARGEST_SECONDS: Final = 1.0


def delays(first: float = _FIRST_SECONDS, largest: float = _LARGEST_SECONDS) -> Iterator[float]:
    """Seconds, doubled each time up to the largest, without end: whoever waits has a limit of its own."""
    delay = first
    while delay < largest:
        yield delay
        delay *= 2
    yield from repeat(largest)
