"""Whose turn it is, as a table."""

from datetime import UTC, datetime

import pytest

from contracts.envelope import Recorded
from contracts.events import (
    ConversationStarted,
    Event,
    MessageReceived,
    NodeCompleted,
    Question,
    RunCancelled,
    RunCompleted,
    RunFailed,
    RunInterrupted,
    RunStarted,
)
from eventlog.turns.progress import Progress, Turn


def at(sequence: int, event: Event) -> Recorded:
    return Recorded(
        id=f"e{sequence}",
        conversation="c",
        event=event,
        occurred_at=datetime(2026, 1, 1, tzinfo=UTC),
        source="test",
        sequence=sequence,
        previous=sequence - 1,
    )


def message(sequence: int) -> Recorded:
    return at(sequence, MessageReceived(addressee="agent-runner", text="x", protocol="agent"))


START = at(10, ConversationStarted(responder_name="agent-runner", protocol="agent"))
COMPLETED = RunCompleted(run_id="e11", message_sequence=11, text="")
ASKED = RunInterrupted(
    run_id="e11", message_sequence=11, questions=(Question(interrupt_id="i", question="?"),)
)
FAILED = RunFailed(run_id="e11", message_sequence=11, error="")
CANCELLED = RunCancelled(run_id="e11", message_sequence=11)
RUNNING = RunStarted(run_id="e11", message_sequence=11)
STEPPING = NodeCompleted(run_id="e11", message_sequence=11, node="n", step=1, attempt=2)


@pytest.mark.parametrize(
    ("case", "start", "newest_run", "work", "next_work", "turn"),
    [
        ("the first message", START, None, message(11), message(11), Turn.MINE),
        ("an earlier one waits", START, None, message(12), message(11), Turn.WAIT),
        ("answered already", START, at(15, COMPLETED), message(11), message(12), Turn.DONE),
        ("the one before is answered", START, at(15, COMPLETED), message(12), message(12), Turn.MINE),
        ("the one before failed", START, at(15, FAILED), message(12), message(12), Turn.MINE),
        ("the one before was cancelled", START, at(15, CANCELLED), message(12), message(12), Turn.MINE),
        ("the one before asked", START, at(15, ASKED), message(16), message(16), Turn.MINE),
        ("the one before is running", START, at(15, RUNNING), message(12), message(11), Turn.WAIT),
        ("its own run is unfinished", START, at(15, STEPPING), message(11), message(11), Turn.MINE),
        ("deleted", None, at(15, COMPLETED), message(16), message(16), Turn.DONE),
        ("of an earlier life", START, None, message(9), message(11), Turn.DONE),
        ("a run of an earlier life", START, at(9, RUNNING), message(12), message(12), Turn.MINE),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_turn(
    case: str,
    start: Recorded | None,
    newest_run: Recorded | None,
    work: Recorded,
    next_work: Recorded,
    turn: Turn,
) -> None:
    assert Progress(start, newest_run).turn(work, next_work) is turn


def test_a_takeover_counts_on() -> None:
    assert Progress(START, at(15, STEPPING)).attempt(message(11)) == 3
    assert Progress(START, at(15, COMPLETED)).attempt(message(16)) == 1
    assert Progress(START, None).attempt(message(11)) == 1


ASKED_AT_15 = at(15, ASKED)
TAKEN_OVER = at(17, RunStarted(run_id="e16", message_sequence=16))
ANSWERED = at(18, RunCompleted(run_id="e12", message_sequence=12, text=""))


@pytest.mark.parametrize(
    ("case", "start", "newest_run", "work", "answers"),
    [
        ("sent after it was asked", START, ASKED_AT_15, message(16), True),
        ("sent before it was asked", START, ASKED_AT_15, message(12), False),
        ("taken over by another runner", START, TAKEN_OVER, message(16), True),
        ("answered by another message", START, ANSWERED, message(19), False),
        ("of an earlier life", at(20, START.event), ASKED_AT_15, message(21), False),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_a_message_answers(
    case: str, start: Recorded, newest_run: Recorded, work: Recorded, answers: bool
) -> None:
    assert Progress(start, newest_run, ASKED_AT_15).questions_for(work) == (
        ASKED.questions if answers else ()
    )
