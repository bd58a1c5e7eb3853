"""Where the voice protocol is, and how it refuses."""

from collections.abc import Mapping
from typing import Any, Final

from protocols.door import Destination, Door

PATH: Final = "/api/v1/chat/"
MEMBERS: Final = (f"{PATH}ws/chat/", f"{PATH}sessions")


def _find(path: str, query: Mapping[str, str], websocket: bool) -> Destination | None:
    return Destination("voice", login=path.startswith(MEMBERS)) if path.startswith(PATH) else None


def _frame(to: Destination, reason: str, code: str) -> dict[str, Any]:
    return {"type": "error", "code": code, "message": reason}


VOICE: Final = Door(_find, frame=_frame)
