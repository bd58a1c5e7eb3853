"""The JSON Schema of every event version and of every frame, kept in ``libs/contracts/schemas``.

``python -m contracts.schemas FOLDER`` writes those that are missing; a schema that is there is never
overwritten: what changes an event's is a new version of it, and a frame's is fixed by its protocol.
"""

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from contracts.events import REGISTERED, Event
from contracts.wire import room


def schema_files(events: Iterable[type[Event]] = REGISTERED) -> Iterator[tuple[str, str]]:
    """File name and text of each event's current schema."""
    for event in events:
        text = _text(event.model_json_schema(), f"urn:parley:event:{event.type}:{event.version}")
        yield f"{event.type}.v{event.version}.json", text


def frame_schema_files() -> Iterator[tuple[str, str]]:
    """File name and text of each frame's schema, in a folder for each protocol."""
    for frame in room.FRAMES:
        schema = frame.model_json_schema(mode="serialization")
        yield f"room/{frame.__name__}.json", _text(schema, f"urn:parley:room:{frame.__name__}")


def _text(schema: dict[str, Any], identity: str) -> str:
    schema["$id"] = identity
    return json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def write_missing(folder: Path) -> list[str]:
    """Write the schemas that the folder lacks; their names."""
    written = []
    for name, text in (*schema_files(), *frame_schema_files()):
        path = folder / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            written.append(name)
    return written


if __name__ == "__main__":
    for name in write_missing(Path(sys.argv[1])):
        sys.stdout.write(f"{name}\n")
