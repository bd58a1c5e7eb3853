"""Where the room protocol's WebSocket is, and how it refuses."""

from collections.abc import Mapping
from typing import Any, Final

from protocols.door import Destination, Door, key_in


def _find(path: str, query: Mapping[str, str], websocket: bool) -> Destination | None:
    if websocket and path.startswith("/v3"):
        return Destination("room", conversation=key_in(query.get("room_uid", "")))
    return None


def _frame(to: Destination, reason: str, code: str) -> dict[str, Any]:
    return {"status": "error", "msgtype": "error", "message": reason}


ROOM: Final = Door(_find, frame=_frame)
