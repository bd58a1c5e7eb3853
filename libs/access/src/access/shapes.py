"""Where a request goes, and how each protocol says that it is refused. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from contracts.subjects import InvalidKey, check_key

Protocol = Literal["agent", "octo", "room", "quote", "voice", "service"]

_OPEN: Final = frozenset(
    ("/", "/health", "/api/health", "/livez", "/readyz", "/metrics", "/docs", "/redoc", "/openapi.json")
)
_OPEN_FOLDERS: Final = ("/static/", "/asyncapi", "/console")
_MEMBERS: Final = ("/api/v1/chat/ws/chat/", "/api/v1/chat/sessions")


@dataclass(frozen=True, slots=True)
class Destination:
    """What a path stands for.

    Attributes:
        conversation: its key, where the address alone tells it; None else.
        login: whether the protocol asks for a login by itself there.
        public: whether it is for everybody: pages and signs of life.
        every_page: whether pages of every origin may call it: the quote protocol says so.
    """

    protocol: Protocol
    conversation: str | None = None
    login: bool = False
    public: bool = False
    every_page: bool = False


def destination(path: str, query: Mapping[str, str], *, websocket: bool) -> Destination:
    """Where an address leads."""
    if path.startswith("/api/v1/chat/"):
        return Destination("voice", login=path.startswith(_MEMBERS))
    if path.startswith("/api/chat/"):
        return Destination("quote", every_page=True)
    if websocket:
        return _socket(path, query)
    public = path in _OPEN or path.startswith(_OPEN_FOLDERS)
    return Destination("service" if public else "octo", public=public, every_page=path == "/api/health")


def _socket(path: str, query: Mapping[str, str]) -> Destination:
    if path.startswith("/v3"):
        return Destination("room", conversation=_key(query.get("room_uid", "")))
    for prefix, protocol in _SOCKETS:
        if path.startswith(prefix):
            return Destination(protocol, conversation=_key(path.removeprefix(prefix)))
    return Destination("service")


def _key(text: str) -> str | None:
    """The key, if it is one; what else it may be the endpoint tells its client."""
    try:
        return check_key(text)
    except InvalidKey:
        return None


_SOCKETS: Final[tuple[tuple[str, Protocol], ...]] = (
    ("/chat/", "agent"),
    ("/ws/chat/", "octo"),
    ("/ws/", "octo"),
)


def body(protocol: Protocol, reason: str, code: str) -> dict[str, Any]:
    """The body of a refusal by HTTP."""
    return {"error": reason, "code": code} if protocol == "quote" else {"detail": reason}


def frame(to: Destination, reason: str, code: str) -> str:
    """The error frame of a refusal on a WebSocket."""
    frames: dict[Protocol, dict[str, Any]] = {
        "agent": {"type": "agent_error", "error": reason, "chat_id": to.conversation or ""},
        "octo": {"type": "error", "error": f"처리 중 에러가 발생했습니다: {reason}"},
        "room": {"status": "error", "msgtype": "error", "message": reason},
        "voice": {"type": "error", "code": code, "message": reason},
    }
    return json.dumps(frames.get(to.protocol, {"detail": reason}), ensure_ascii=False)
