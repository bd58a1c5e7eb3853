"""What an edge must know of a protocol before it lets a request in. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from contracts.subjects import InvalidKey, check_key


@dataclass(frozen=True, slots=True)
class Destination:
    """What an address stands for.

    Attributes:
        conversation: its key, where the address alone tells it; None else.
        login: whether the protocol asks for a login by itself there.
        public: whether it is for everybody: pages and signs of life.
        every_page: whether pages of every origin may call it: the quote protocol says so.
        bearer_is_key: an API key may come as ``Authorization: Bearer``, as its clients send it.
    """

    protocol: str
    conversation: str | None = None
    login: bool = False
    public: bool = False
    every_page: bool = False
    bearer_is_key: bool = False


Find: TypeAlias = Callable[[str, Mapping[str, str], bool], Destination | None]
"""From a path, its query and whether it is for a WebSocket to where it leads in this protocol."""


def detail(reason: str, code: str) -> dict[str, Any]:
    """The body of a refusal in most protocols."""
    return {"detail": reason}


@dataclass(frozen=True, slots=True)
class Door:
    """How a protocol is come to.

    Attributes:
        body: the body of a refusal by HTTP, from the reason and its code.
        frame: the error frame of a refusal on a WebSocket, from the destination, the reason and its code.
        hidden: another user's conversation is as one that is not there.
    """

    find: Find
    body: Callable[[str, str], dict[str, Any]] = detail
    frame: Callable[[Destination, str, str], dict[str, Any]] = lambda _, reason, code: detail(reason, code)
    hidden: bool = False


def key_in(text: str) -> str | None:
    """The conversation key, if it is one; what else it may be the endpoint tells its client."""
    try:
        return check_key(text)
    except InvalidKey:
        return None
