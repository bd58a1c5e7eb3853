"""Where OpenAI's API is, and how it refuses."""

from collections.abc import Mapping
from typing import Any, Final

from protocols.door import Destination, Door
from protocols.openai.wire import failure

FOLDER: Final = "/v1/"


def _find(path: str, query: Mapping[str, str], websocket: bool) -> Destination | None:
    if websocket or not path.startswith(FOLDER):
        return None
    return Destination("openai", bearer_is_key=True)


def _body(reason: str, code: str) -> dict[str, Any]:
    kind = "authentication_error" if code == "unauthorized" else "invalid_request_error"
    return failure(reason, kind=kind, code="invalid_api_key" if code == "unauthorized" else code)


OPENAI: Final = Door(_find, body=_body, hidden=True)
"""OpenAI's API."""
