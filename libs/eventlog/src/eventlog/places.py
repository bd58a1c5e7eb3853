"""Positions in the log that events speak of: `message_sequence` of a run, `base` of a checkpoint.

They are another in every log that a conversation is brought to. Events that are appended in one batch do
not know where it will begin, so among themselves they count back from their own place.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from contracts.events import CheckpointSaved, NodeCompleted

RELATIVE: Final = "parley-relative"
"""Header of an event whose positions, where they are not above 0, are counted from its own."""
RESTORED: Final = "parley-restored"
"""Header of an event that was brought here with its conversation: `MORE` where others of it follow."""
MORE: Final = "more"
WHOLE: Final = "whole"

Place: TypeAlias = Callable[[int], int]


def moved(event_type: str, payload: Mapping[str, Any], at: Place, since: Place) -> dict[str, Any]:
    """The payload with other positions.

    Args:
        at: where the event is that was at a position.
        since: the same for a lower bound, which may lie between events.
    """
    found = dict(payload)
    if (said := found.get("message_sequence")) is not None:
        found["message_sequence"] = at(said)
    if event_type == CheckpointSaved.type:
        found["base"] = since(found["base"])
    if event_type == NodeCompleted.type and "checkpoints" in found:
        found["checkpoints"] = [
            checkpoint | {"base": since(checkpoint["base"])} for checkpoint in found["checkpoints"]
        ]
    return found


def absolute(
    headers: Mapping[str, str], event_type: str, payload: dict[str, Any], sequence: int
) -> dict[str, Any]:
    """The payload of the event at `sequence` with the positions that it means."""
    if RELATIVE not in headers:
        return payload

    def place(position: int) -> int:
        return position if position > 0 else sequence + position

    return moved(event_type, payload, place, place)
