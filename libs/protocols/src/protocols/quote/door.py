"""Where the quote protocol is, and how it refuses."""

from collections.abc import Mapping
from typing import Any, Final

from protocols.door import Destination, Door


def _find(path: str, query: Mapping[str, str], websocket: bool) -> Destination | None:
    return Destination("quote", every_page=True) if path.startswith("/api/chat/") else None


def _body(reason: str, code: str) -> dict[str, Any]:
    return {"error": reason, "code": code}


QUOTE: Final = Door(_find, body=_body)
