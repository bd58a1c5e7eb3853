"""Tells whether the projection comes from the log as it is now, or from one that was put aside.

A log that was restored from a backup ends earlier and then goes on with other events under the same
numbers, so its position alone proves nothing: the projection keeps the ids of the last events it has taken.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from contracts.envelope import Recorded
from contracts.events import ConversationArchived
from eventlog import sharding
from eventlog.ports import Log

ANCHORS: Final = 8
"""One a conversation: erasing takes a whole conversation, and so one of them."""

Anchor: TypeAlias = tuple[int, str, str]
"""The sequence of an event, its id, and its conversation."""


@dataclass(frozen=True, slots=True)
class Stand:
    """How far a projection is with a stream of the log, and of which log.

    Attributes:
        sequence: the last sequence that has been projected.
        made: when the stream was made; empty before the first look at it.
        anchors: the newest events projected, the last one last.
        rows: how many rows that has come to.
    """

    sequence: int
    made: str = ""
    anchors: tuple[Anchor, ...] = ()
    rows: int = 0

    @property
    def stream(self) -> int:
        """Which stream of the log."""
        return sharding.stream_at(self.sequence)


def renewed(anchors: Sequence[Anchor], events: Sequence[Recorded]) -> tuple[Anchor, ...]:
    """The anchors after more events: the newest of each of the last conversations."""
    newest = {conversation: (sequence, id_) for sequence, id_, conversation in anchors}
    last = len(events) - 100 * ANCHORS
    for number, event in enumerate(events):
        if isinstance(event.event, ConversationArchived):  # the log is to lose it
            newest.pop(event.conversation, None)
        elif number >= last:
            newest.pop(event.conversation, None)
            newest[event.conversation] = event.sequence, event.id
    kept = list(newest.items())[-ANCHORS:]
    return tuple((sequence, id_, conversation) for conversation, (sequence, id_) in kept)


def encode(anchors: Sequence[Anchor]) -> str:
    """Anchors as a row keeps them."""
    return json.dumps(anchors, ensure_ascii=False)


def decode(text: str) -> tuple[Anchor, ...]:
    """Anchors as a row keeps them."""
    return tuple(
        (int(sequence), str(id_), str(conversation)) for sequence, id_, conversation in json.loads(text)
    )


async def strayed(log: Log, stand: Stand) -> str | None:
    """Why what was projected is not what the log holds, or None.

    Raises:
        LogError: if the log does not answer.
    """
    if stand.sequence == sharding.beginning(stand.stream):
        return None
    state = await log.state(stand.stream)
    if stand.made and stand.made != state.made:
        return f"the log is another one: made at {state.made}, and the tables are of one made at {stand.made}"
    if stand.sequence > state.last:
        return f"the tables are at {stand.sequence} and the log ends at {state.last}: it was restored"
    for sequence, id_, _ in reversed(stand.anchors):
        found = await log.id_at(sequence)
        if found == id_:
            return None
        if found is not None:
            return f"event {sequence} of the log is not the one in the tables: the log was restored"
    # Every anchor was erased, which is rare, or there was never one.
    return "nothing that was projected last is in the log any more" if stand.anchors else None
