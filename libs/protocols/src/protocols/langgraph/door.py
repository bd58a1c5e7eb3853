"""Where the LangGraph Agent Server API is, and how it refuses."""

from collections.abc import Mapping
from typing import Final

from protocols.door import Destination, Door, key_in

FOLDERS: Final = ("/threads", "/runs", "/assistants", "/store")
_OPEN: Final = frozenset(("/ok", "/info"))
_NO_THREADS: Final = frozenset(("search", "count", "prune", "state"))


def _find(path: str, query: Mapping[str, str], websocket: bool) -> Destination | None:
    if path in _OPEN:
        return None if websocket else Destination("langgraph", public=True)
    first, _, rest = path.removeprefix("/").partition("/")
    if f"/{first}" not in FOLDERS:
        return None
    thread = rest.partition("/")[0]
    named = first == "threads" and thread and thread not in _NO_THREADS
    return Destination("langgraph", conversation=key_in(thread) if named else None)


LANGGRAPH: Final = Door(_find, hidden=True)
