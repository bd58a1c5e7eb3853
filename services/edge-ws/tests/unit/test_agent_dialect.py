"""The agent protocol's frames, from the protocol page."""

import json
from datetime import UTC, datetime

import pytest

from contracts.envelope import Recorded
from contracts.events import (
    Event,
    MessageReceived,
    NodeCompleted,
    Question,
    RunCancelled,
    RunCompleted,
    RunFailed,
    RunInterrupted,
    RunStarted,
    Step,
)
from protocols.agent.dialect import Answer, NotUnderstood, decode

RUN = {"run_id": "r", "message_sequence": 2}


def frames(*events: Event) -> list[dict[str, str]]:
    answer = Answer("chat-1", "abc123")
    return [
        frame.model_dump(exclude_none=True)
        for event in events
        for frame in answer.encode(
            Recorded(
                id="e",
                conversation="chat-1",
                event=event,
                occurred_at=datetime(2026, 1, 1, tzinfo=UTC),
                source="test",
                sequence=3,
                previous=2,
            )
        )
    ]


def step(kind: str, message: str) -> dict[str, str]:
    return {
        "type": "agent_step",
        "step_type": kind,
        "message": message,
        "message_id": "abc123",
        "chat_id": "chat-1",
    }


END = {"type": "message_end", "message_id": "abc123", "chat_id": "chat-1"}


def test_a_client_message_is_decoded() -> None:
    command = decode('{"type":"client","message":"get all contacts","message_id":"abc123"}')
    assert (command.message, command.message_id) == ("get all contacts", "abc123")


@pytest.mark.parametrize(
    ("frame", "names", "message_id"),
    [
        ("not json", "JSON", None),
        ("[1]", "object", None),
        ('{"message":"x","message_id":"a"}', "type", "a"),
        ('{"type":"server","message":"x","message_id":"a"}', "type", "a"),
        ('{"type":"client","message_id":"a"}', "message", "a"),
        ('{"type":"client","message":"x"}', "message_id", None),
        ('{"type":"client","message":7,"message_id":"a"}', "message", "a"),
        ('{"type":"client","message":"x","message_id":7}', "message_id", None),
        ('{"type":"client","message":"","message_id":"a"}', "message", "a"),
        ('{"type":"client","message":"  \\n","message_id":"a"}', "message", "a"),
        ('{"type":"client","message":"x","message_id":""}', "message_id", ""),
        (json.dumps({"type": "client", "message": "x" * 100_001, "message_id": "a"}), "message", "a"),
    ],
)
def test_what_is_not_understood_names_the_field(frame: str, names: str, message_id: str | None) -> None:
    with pytest.raises(NotUnderstood, match=names) as refused:
        decode(frame)
    assert refused.value.message_id == message_id


def test_steps_are_sent_as_they_happen_and_then_the_end() -> None:
    planned = NodeCompleted(**RUN, node="planning", step=1, steps=(Step(kind="planning", text="plan"),))
    acted = NodeCompleted(**RUN, node="execution", step=2, steps=(Step(kind="action", text="done"),))
    answered = NodeCompleted(**RUN, node="response", step=3, steps=(Step(kind="final_answer", text="ok"),))
    assert frames(RunStarted(**RUN), planned, acted, answered, RunCompleted(**RUN, text="ok")) == [
        step("PlanningStep", "plan"),
        step("ActionStep", "done"),
        step("FinalAnswerStep", "ok"),
        END,
    ]


def test_a_run_without_a_final_step_is_answered_by_its_text() -> None:
    assert frames(RunCompleted(**RUN, text="ok")) == [step("FinalAnswerStep", "ok"), END]


def test_a_question_is_the_answer_for_now() -> None:
    asked = RunInterrupted(**RUN, questions=(Question(interrupt_id="i", question="Shall I?"),))
    assert frames(asked) == [step("FinalAnswerStep", "Shall I?"), END]


@pytest.mark.parametrize(
    ("event", "reason"),
    [(RunFailed(**RUN, error="no"), "no"), (RunCancelled(**RUN), "the run was cancelled")],
)
def test_a_failure_is_one_agent_error(event: Event, reason: str) -> None:
    error = {"type": "agent_error", "error": reason, "chat_id": "chat-1", "message_id": "abc123"}
    assert frames(event) == [error]


def test_other_events_have_no_frames() -> None:
    assert frames(MessageReceived(addressee="agent-runner", text="x", protocol="agent")) == []


def test_a_question_is_shown_behind_an_answer() -> None:
    said = NodeCompleted(**RUN, node="say", step=1, steps=(Step(kind="final_answer", text="Here it is."),))
    asked = RunInterrupted(
        **RUN,
        questions=(
            Question(interrupt_id="i", question="ok?"),
            Question(interrupt_id="j", question="and now?"),
        ),
    )
    assert frames(said, asked) == [
        step("FinalAnswerStep", "Here it is."),
        step("FinalAnswerStep", "ok?"),
        step("FinalAnswerStep", "and now?"),
        END,
    ]
