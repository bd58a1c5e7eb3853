"""The JSON Schema of every event version, kept in ``libs/contracts/schemas``.

``python -m contracts.schemas FOLDER`` writes those that are missing; a schema that is there is never
overwritten: what changes it is a new version of the event.
"""

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from contracts.events import REGISTERED, Event


def schema_files(events: Iterable[type[Event]] = REGISTERED) -> Iterator[tuple[str, str]]:
    """File name and text of each event's current schema."""
    for event in events:
        schema = event.model_json_schema()
        schema["$id"] = f"urn:parley:event:{event.type}:{event.version}"
        text = json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
        yield f"{event.type}.v{event.version}.json", text


def write_missing(folder: Path) -> list[str]:
    """Write the schemas that the folder lacks; their names."""
    written = []
    for name, text in schema_files():
        path = folder / name
        if not path.exists():
            path.write_text(text)
            written.append(name)
    return written


if __name__ == "__main__":
    for name in write_missing(Path(sys.argv[1])):
        sys.stdout.write(f"{name}\n")
