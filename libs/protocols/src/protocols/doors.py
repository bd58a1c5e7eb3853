"""The table of all protocols: where a request goes, and how it is refused there. Pure."""

import json
from collections.abc import Mapping
from typing import Any, Final

from protocols.agent.door import AGENT
from protocols.door import Destination, Door
from protocols.langgraph.door import LANGGRAPH
from protocols.octo.door import OCTO
from protocols.openai.door import OPENAI
from protocols.quote.door import QUOTE
from protocols.room.door import ROOM
from protocols.voice.door import VOICE

_OPEN: Final = frozenset(
    (
        "/",
        "/health",
        "/api/health",
        "/livez",
        "/readyz",
        "/metrics",
        "/docs",
        "/redoc",
        "/openapi.json",
        "/ui",
    )
)
_OPEN_FOLDERS: Final = ("/static/", "/asyncapi", "/ui", "/docs/guide")


def _find_page(path: str, query: Mapping[str, str], websocket: bool) -> Destination | None:
    if websocket or not (path in _OPEN or path.startswith(_OPEN_FOLDERS)):
        return None
    return Destination("service", public=True, every_page=path == "/api/health")


def _find_tools(path: str, query: Mapping[str, str], websocket: bool) -> Destination | None:
    """The Model Context Protocol, whose clients send a key as a bearer's token."""
    return None if websocket or path != "/mcp" else Destination("mcp", bearer_is_key=True)


def _find_nothing(path: str, query: Mapping[str, str], websocket: bool) -> Destination:
    return Destination("service")


DOORS: Final[Mapping[str, Door]] = {
    "voice": VOICE,
    "quote": QUOTE,
    "agent": AGENT,
    "room": ROOM,
    "langgraph": LANGGRAPH,
    "openai": OPENAI,
    "mcp": Door(_find_tools, hidden=True),
    "pages": Door(_find_page),
    "octo": OCTO,
    "service": Door(_find_nothing),
}
"""By name, in the order in which they are asked; the last one takes every address."""


def destination(path: str, query: Mapping[str, str], *, websocket: bool) -> Destination:
    """Where an address leads."""
    found = (door.find(path, query, websocket) for door in DOORS.values())
    return next(to for to in found if to)


def body(to: Destination, reason: str, code: str) -> dict[str, Any]:
    """The body of a refusal by HTTP."""
    return DOORS[to.protocol].body(reason, code)


def frame(to: Destination, reason: str, code: str) -> str:
    """The error frame of a refusal on a WebSocket."""
    return json.dumps(DOORS[to.protocol].frame(to, reason, code), ensure_ascii=False)
