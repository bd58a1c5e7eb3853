"""What of a run was too large for the log: said by node and key, for whoever waits. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from contracts.events import CheckpointSaved, Event, NodeCompleted, RunCompleted
from eventlog.payloads import MAX_OBJECT
from eventlog.text import size_of


def oversize(refused: Sequence[Event]) -> str:
    """One sentence about the largest of the events."""
    largest = max(refused, key=lambda event: size_of(event.model_dump()))
    return f"{_place(largest)} is too large: the log takes {MAX_OBJECT // 1024**2} MiB, all copies counted"


def _place(event: Event) -> str:
    match event:
        case NodeCompleted():
            stored = event.checkpoints[-1].changed if event.checkpoints else {}
            key = _largest(event.update) or _largest(stored)
            return f"node {event.node!r}: {key!r}" if key else f"node {event.node!r}: what it gave"
        case CheckpointSaved(changed=changed) if key := _largest(changed):
            return f"the state: {key!r}"
        case RunCompleted():
            return "the reply"
        case _:
            return f"what the run wrote ({event.type})"


def _largest(values: Any) -> str | None:
    if not isinstance(values, Mapping) or not values:
        return None
    return str(max(values, key=lambda key: size_of(values[key])))
