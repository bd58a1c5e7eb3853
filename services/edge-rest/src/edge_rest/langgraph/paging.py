"""Pages of lists, places in streams, and requests that may come twice."""

from typing import Annotated, Final
from uuid import NAMESPACE_URL, uuid5

from fastapi import Header, HTTPException, Response

_KEYS: Final = uuid5(NAMESPACE_URL, "urn:parley:idempotency-key")

KEY_LENGTH: Final = 256

IdempotencyKey = Annotated[
    str | None,
    Header(description="The same request sent again is not taken twice", min_length=1, max_length=KEY_LENGTH),
]

StrictResume = Annotated[bool, Header(description="As `strict_resume` of the body")]


def paged(response: Response, upto: int, total: int) -> None:
    """Say how many there are, and where the next page begins if there is one."""
    response.headers["x-pagination-total"] = str(total)
    if upto < total:
        response.headers["x-pagination-next"] = str(upto)


def derived(user: str | None, key: str, *place: str) -> str:
    """An id for what a user's request makes, the same one whenever it comes."""
    return str(uuid5(_KEYS, "\0".join((user or "", key, *place))))


class KeyReused(HTTPException):
    """A key came again with another request."""

    def __init__(self) -> None:
        super().__init__(422, "Idempotency-Key: it was used for another request")


def event_number(last_event_id: str | None) -> int | None:
    """The number in the id of an event; None without one. Raises a 422 for the id of no event here."""
    if not last_event_id:
        return None
    digits = last_event_id.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 20):
        raise HTTPException(422, "Last-Event-ID: is not the id of an event of this server")
    return int(last_event_id)
