"""Whose a namespace of the store is: the user's whose name is in it, once that user has put something there.

Graphs reach every namespace. A client of the store reaches those that are nobody's and its own user's.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

OWNER: Final[ContextVar[str | None]] = ContextVar("owner", default=None)
"""The user who has proved to be it and for whom things are put now, if there is one."""
_GUARD: Final[ContextVar[bool]] = ContextVar("guard", default=False)


@contextmanager
def for_client(user: str | None) -> Iterator[None]:
    """What is done with the store within is done for a client, by its user if it has proved to be one."""
    owner, guard = OWNER.set(user), _GUARD.set(True)
    try:
        yield
    finally:
        OWNER.reset(owner)
        _GUARD.reset(guard)


def reach() -> dict[str, Any]:
    """What a question to history-store says of what may be found."""
    return {"guarded": _GUARD.get(), "caller": OWNER.get()} if _GUARD.get() else {}
