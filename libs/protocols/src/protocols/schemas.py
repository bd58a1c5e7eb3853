"""The JSON Schema of frames, kept in ``libs/protocols/schemas``; a frame's is fixed by its protocol.

``python -m protocols.schemas FOLDER`` writes those that are missing.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from contracts.schemas import schema_text, write_missing
from protocols.room.wire import FRAMES


def frame_schema_files() -> Iterator[tuple[str, str]]:
    """File name and text of each frame's schema, in a folder for each protocol."""
    for frame in FRAMES:
        schema = frame.model_json_schema(mode="serialization")
        yield f"room/{frame.__name__}.json", schema_text(schema, f"urn:parley:room:{frame.__name__}")


if __name__ == "__main__":
    for name in write_missing(Path(sys.argv[1]), frame_schema_files()):
        sys.stdout.write(f"{name}\n")
