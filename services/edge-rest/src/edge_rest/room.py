"""New rooms for the room protocol."""

import secrets
from string import ascii_letters, digits
from typing import Final

from fastapi import APIRouter

from eventlog.ports import Log
from protocols.room.wire import NewRoom

UID_CHARACTERS: Final = ascii_letters + digits
UID_LENGTH: Final = 12


def router(log: Log) -> APIRouter:
    """``/v3/room/uid/``."""
    routes = APIRouter(tags=["room"])

    @routes.get("/v3/room/uid", include_in_schema=False)
    @routes.get("/v3/room/uid/")
    async def room_uid() -> NewRoom:
        """A room that nobody has used: 71 random bits, and no conversation has that key."""
        uid = _random_uid()
        while await log.tail(uid):
            uid = _random_uid()
        return NewRoom(room_uid=uid)

    return routes


def _random_uid() -> str:
    return "".join(secrets.choice(UID_CHARACTERS) for _ in range(UID_LENGTH))
