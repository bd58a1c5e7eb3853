"""What tells that NATS cannot be reached, whichever library notices first."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Final, ParamSpec, TypeVar

from nats.aio.client import Client
from nats.errors import Error

OUTAGE: Final = (Error, OSError)
_CALLS: Final = ("publish", "request", "subscribe", "flush", "drain", "close")
_CLOSED: Final = "the handler is closed"

P = ParamSpec("P")
ResultT = TypeVar("ResultT")


class BrokenConnection(ConnectionError):
    """The connection broke a moment ago, before the client has noticed."""


def tell_outages(client: Client) -> None:
    """Let a client's calls say `BrokenConnection` where uvloop says `RuntimeError`, as much else does."""
    for name in _CALLS:
        setattr(client, name, telling(getattr(client, name)))


def telling(call: Callable[P, Awaitable[ResultT]]) -> Callable[P, Awaitable[ResultT]]:
    """The call, whose broken connection is an `OSError`; any other error stays what it is."""

    @wraps(call)
    async def told(*args: P.args, **kwargs: P.kwargs) -> ResultT:
        try:
            return await call(*args, **kwargs)
        except RuntimeError as error:
            if _CLOSED in str(error):
                raise BrokenConnection(str(error)) from error
            raise

    return told
