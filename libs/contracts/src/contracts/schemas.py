"""The JSON Schema of every event version, kept in ``libs/contracts/schemas``.

``python -m contracts.schemas FOLDER`` writes those that are missing, and new descriptions; what a schema
demands is never overwritten: what changes an event's is a new version of it.
"""

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from contracts.events import REGISTERED, Event


def schema_files(events: Iterable[type[Event]] = REGISTERED) -> Iterator[tuple[str, str]]:
    """File name and text of each event's current schema."""
    for event in events:
        text = schema_text(event.model_json_schema(), f"urn:parley:event:{event.type}:{event.version}")
        yield f"{event.type}.v{event.version}.json", text


def schema_text(schema: dict[str, Any], identity: str) -> str:
    """A schema as it is kept in a file."""
    schema["$id"] = identity
    return json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def write_missing(folder: Path, files: Iterable[tuple[str, str]]) -> list[str]:
    """Write those of the files that the folder lacks, or has with other descriptions; their names."""
    written = []
    for name, text in files:
        path = folder / name
        stored = path.read_text() if path.exists() else None
        if stored is None or (stored != text and without_descriptions(stored) == without_descriptions(text)):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            written.append(name)
    return written


def without_descriptions(text: str) -> Any:
    """A schema without what only people read."""
    return json.loads(text, object_hook=_mute)


def _mute(found: dict[str, Any]) -> dict[str, Any]:
    # A property may be called so as well; its value is an object.
    return {key: value for key, value in found.items() if key != "description" or isinstance(value, dict)}


if __name__ == "__main__":
    for name in write_missing(Path(sys.argv[1]), schema_files()):
        sys.stdout.write(f"{name}\n")
