"""Where the octo protocol is, and how it refuses. What no other protocol claims over HTTP is octo's."""

from collections.abc import Mapping
from typing import Any, Final

from protocols.door import Destination, Door, key_in

SOCKETS: Final = ("/ws/chat/", "/ws/")


def _find(path: str, query: Mapping[str, str], websocket: bool) -> Destination | None:
    if not websocket:
        return Destination("octo")
    prefix = next((prefix for prefix in SOCKETS if path.startswith(prefix)), None)
    return Destination("octo", conversation=key_in(path.removeprefix(prefix))) if prefix else None


def _frame(to: Destination, reason: str, code: str) -> dict[str, Any]:
    return {"type": "error", "error": f"처리 중 에러가 발생했습니다: {reason}"}


OCTO: Final = Door(_find, frame=_frame)
