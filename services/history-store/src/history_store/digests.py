"""A digest of each conversation: its rows and every state its graph was ever in.

Positions in the log are left out of it, so that it is the same on every machine, after an import too.
A state has no rows; it is folded from the events that the checkpointer folds it from.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from sqlalchemy import Table

from contracts.envelope import Recorded
from contracts.events import (
    CheckpointSaved,
    CheckpointsRemoved,
    ConversationDeleted,
    ConversationStarted,
    NodeCompleted,
    WritesSaved,
)
from history_store.tables import CONVERSATION

_POSITIONS: Final = frozenset({"sequence", "incarnation", "last_sequence", "archived"})
_NOTHING: Final = bytes(hashlib.sha256().digest_size)


class Digests:
    """Takes all events in the log's order, then all rows, those of conversations first."""

    def __init__(self) -> None:
        self._states: dict[str, bytes] = {}
        self._conversations: dict[int, tuple[str, bytes]] = {}

    def add_events(self, events: Iterable[Recorded]) -> None:
        """Fold what events say about states."""
        for recorded in events:
            match recorded.event:
                case ConversationStarted() | ConversationDeleted():
                    self._states.pop(recorded.conversation, None)
                case NodeCompleted(checkpoints=checkpoints, writes=writes):
                    for checkpoint in checkpoints:
                        self._add_state(recorded.conversation, checkpoint)
                    for written in writes:
                        self._add_state(recorded.conversation, written)
                case CheckpointSaved() | WritesSaved() | CheckpointsRemoved() as state:
                    self._add_state(recorded.conversation, state)
                case _:
                    pass

    def add_row(self, table: Table, row: Mapping[str, Any]) -> None:
        """Fold a row into the digest of its conversation."""
        incarnation = row["incarnation"]
        if table is CONVERSATION:
            key = row["key"]
            self._conversations[incarnation] = key, self._states.get(key, _NOTHING)
        key, digest = self._conversations[incarnation]
        values = [table.name, *(row[column] for column in row if column not in _POSITIONS)]
        canonical = json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()
        self._conversations[incarnation] = key, _chained(digest, canonical)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """The keys of all conversations in order, each with its digest: hex SHA-256."""
        return iter(sorted((key, digest.hex()) for key, digest in self._conversations.values()))

    def of_all(self) -> str:
        """Hex SHA-256 over the digests of all conversations."""
        return hashlib.sha256(json.dumps(list(self), ensure_ascii=False).encode()).hexdigest()

    def _add_state(self, key: str, event: CheckpointSaved | WritesSaved | CheckpointsRemoved) -> None:
        said = event.model_dump_json(exclude={"base"}, exclude_defaults=True)
        canonical = f"{event.type} {said}".encode()
        self._states[key] = _chained(self._states.get(key, _NOTHING), canonical)


def _chained(before: bytes, canonical: bytes) -> bytes:
    return hashlib.sha256(before + canonical).digest()
