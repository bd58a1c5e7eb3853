"""What the digest of a conversation depends on, and what not."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from contracts.envelope import Recorded
from contracts.events import (
    CheckpointSaved,
    CheckpointsRemoved,
    ConversationDeleted,
    ConversationStarted,
    Event,
    NodeCompleted,
    WritesSaved,
)
from contracts.events.checkpoint import Blob, Items, TaskWrites, Write
from history_store.digests import Digests
from history_store.projections import project
from history_store.tables import CONVERSATION

STARTED = ConversationStarted(responder_name="agent-runner", protocol="octo")


def blob(text: str) -> Blob:
    return Blob(format="json", data=text)


def checkpoint(value: str, base: int = 1, namespace: str = "") -> CheckpointSaved:
    return CheckpointSaved(
        namespace=namespace,
        checkpoint_id="c",
        base=base,
        header={"channel_versions": {"messages": "1"}},
        metadata=blob("m"),
        changed={"messages": Items(items=(blob("a"), blob(value)))},
    )


def writes(value: str) -> WritesSaved:
    write = Write(channel="plan", index=0, value=blob(value))
    return WritesSaved(checkpoint_id="c", tasks=(TaskWrites(task_id="t", writes=(write,)),))


def node(*checkpoints: CheckpointSaved) -> NodeCompleted:
    return NodeCompleted(run_id="r", message_sequence=2, node="plan", step=1, checkpoints=checkpoints)


def digests(events: Sequence[tuple[str, Event]], first: int = 1) -> dict[str, str]:
    """Of each conversation, for events that stand one after the other in the log."""
    recorded = [
        Recorded(
            id=f"event-{number}",
            conversation=key,
            event=event,
            occurred_at=datetime(2025, 11, 3, 10, tzinfo=UTC),
            source="test",
            sequence=number,
            previous=0,
        )
        for number, (key, event) in enumerate(events, start=first)
    ]
    found = Digests()
    found.add_events(recorded)
    for row in project({}, recorded).conversations.values():
        if row:
            found.add_row(CONVERSATION, dict(row))
    return dict(found)


def one(*events: Event) -> str:
    return digests([("a", event) for event in (STARTED, *events)])["a"]


@pytest.mark.parametrize(
    ("events", "others"),
    [
        ([checkpoint("x")], [checkpoint("y")]),
        ([checkpoint("x")], [checkpoint("x", namespace="sub")]),
        ([checkpoint("x")], [checkpoint("x"), checkpoint("x")]),
        ([checkpoint("x"), writes("x")], [checkpoint("x"), writes("y")]),
        ([node(checkpoint("x"))], [node(checkpoint("y"))]),
        ([checkpoint("x"), writes("x")], [writes("x"), checkpoint("x")]),
        ([checkpoint("x")], [checkpoint("x"), CheckpointsRemoved(scope="all_but_latest")]),
    ],
    ids=["value", "namespace", "number", "pending write", "carried", "order", "removal"],
)
def test_whatever_differs_in_the_states_shows(events: list[Event], others: list[Event]) -> None:
    assert one(*events) != one(*others)


def test_positions_and_neighbours_make_no_difference() -> None:
    here = [("a", STARTED), ("a", node(checkpoint("x", base=1))), ("a", writes("y"))]
    there = [("b", STARTED), here[0], ("b", writes("z")), ("a", node(checkpoint("x", base=40))), here[2]]
    assert digests(here)["a"] == digests(there, first=40)["a"]


def test_a_key_that_is_used_again_has_nothing_of_before() -> None:
    events: list[Event] = [STARTED, checkpoint("x")]
    again = [*events, ConversationDeleted(), *events]
    assert digests([("a", e) for e in again]) == digests([("a", e) for e in events])
    assert digests([("a", e) for e in [*events, ConversationDeleted()]]) == {}
