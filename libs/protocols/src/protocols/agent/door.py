"""Where the agent protocol's WebSocket is, and how it refuses."""

from collections.abc import Mapping
from typing import Any, Final

from protocols.door import Destination, Door, key_in

PATH: Final = "/chat/"


def _find(path: str, query: Mapping[str, str], websocket: bool) -> Destination | None:
    if websocket and path.startswith(PATH):
        return Destination("agent", conversation=key_in(path.removeprefix(PATH)))
    return None


def _frame(to: Destination, reason: str, code: str) -> dict[str, Any]:
    return {"type": "agent_error", "error": reason, "chat_id": to.conversation or ""}


AGENT: Final = Door(_find, frame=_frame)
