"""What events come to, as tables."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from contracts.envelope import Recorded
from contracts.events import (
    ASSISTANT_RESPONDER,
    AnswerReceived,
    AssistantSaved,
    AssistantVersionChosen,
    CancelRequested,
    CheckpointSaved,
    ConversationDeleted,
    ConversationStarted,
    Event,
    ForkOrigin,
    MessageReceived,
    NodeCompleted,
    Question,
    ReplySpoken,
    RunCancelled,
    RunCompleted,
    RunFailed,
    RunInterrupted,
    RunRequested,
    RunScheduled,
    RunStarted,
    Step,
    Unrecognized,
    VoiceSessionClaimed,
    VoiceToolReturned,
    WebhookAnswered,
    WebhookTried,
)
from contracts.events.checkpoint import Blob
from history_store.projections import Changes, project
from history_store.tables import ConversationRow

BEGAN = datetime(2025, 11, 3, 10, tzinfo=UTC)
STARTED = ConversationStarted(responder_name="agent-runner", protocol="octo", user_id="u")
MESSAGE = MessageReceived(
    addressee="agent-runner", text="계약서를 작성해주세요", protocol="octo", message_id="m1"
)
RUN = "event-2"
CHECKPOINT = CheckpointSaved(
    checkpoint_id="c", base=1, header={}, metadata=Blob(format="msgpack", data=""), changed={}
)
ASKED = RunInterrupted(
    run_id=RUN, message_sequence=2, questions=(Question(interrupt_id="i1", question="진행할까요?"),)
)
DONE = RunCompleted(run_id=RUN, message_sequence=2, text="끝났습니다")
FAILED = RunFailed(run_id=RUN, message_sequence=2, error="no such dataset")
ROLLED_BACK = RunCancelled(run_id=RUN, message_sequence=2, rolled_back=True)
UNKNOWN = Unrecognized(name="future.thing", data_version=9, reason="unknown")


def answer(interrupt_id: str) -> AnswerReceived:
    return AnswerReceived(addressee="agent-runner", interrupt_id=interrupt_id, protocol="octo", approve=True)


def log(*events: Event, key: str = "a", first: int = 1) -> list[Recorded]:
    """The events as the log would have them, a second apart."""
    return [
        Recorded(
            id=f"event-{number}",
            conversation=key,
            event=event,
            occurred_at=BEGAN + timedelta(seconds=number),
            source="test",
            sequence=number,
            previous=number - 1,
        )
        for number, event in enumerate(events, start=first)
    ]


def row(changes: Changes, key: str = "a") -> ConversationRow:
    found = changes.conversations[key]
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("events", "status"),
    [
        ([], "active"),
        ([CHECKPOINT], "active"),
        ([UNKNOWN], "active"),
        ([MESSAGE], "in_progress"),
        ([MESSAGE, RunStarted(run_id=RUN, message_sequence=2)], "in_progress"),
        ([MESSAGE, ASKED], "waiting_human"),
        ([MESSAGE, ASKED, MESSAGE], "in_progress"),
        ([MESSAGE, MESSAGE, ASKED, RunStarted(run_id="event-3", message_sequence=3)], "in_progress"),
        ([MESSAGE, ASKED, answer("i1")], "in_progress"),
        ([MESSAGE, ASKED, answer("i1"), DONE], "completed"),
        ([MESSAGE, ROLLED_BACK], "completed"),
        ([MESSAGE, DONE], "completed"),
        ([MESSAGE, FAILED], "completed"),
        ([MESSAGE, MESSAGE, DONE], "in_progress"),
        ([MESSAGE, DONE, MESSAGE], "in_progress"),
    ],
)
def test_status_after(events: Sequence[Event], status: str) -> None:
    assert row(project({}, log(STARTED, *events))).status == status


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (MESSAGE, [("message", None, MESSAGE.text, "m1")]),
        (answer("i1"), [("answer", None, "approved", None)]),
        (answer("i1").model_copy(update={"approve": False}), [("answer", None, "refused", None)]),
        (
            answer("i1").model_copy(update={"approve": None, "response": "1000만원"}),
            [("answer", None, "1000만원", None)],
        ),
        (
            NodeCompleted(
                run_id=RUN,
                message_sequence=2,
                node="plan",
                step=1,
                steps=(Step(kind="planning", text="p"), Step(kind="action", text="a")),
            ),
            [("step", "planning", "p", None), ("step", "action", "a", None)],
        ),
        (ASKED, [("question", None, "진행할까요?", None)]),
        (DONE, [("reply", None, "끝났습니다", None)]),
        (FAILED, [("failure", None, "no such dataset", None)]),
        (CHECKPOINT, []),
        (UNKNOWN, []),
        (DONE.model_copy(update={"text": "a\0b"}), [("reply", None, "a\ufffdb", None)]),
    ],
)
def test_entries_of(event: Event, expected: list[tuple[str, str | None, str, str | None]]) -> None:
    entries = project({}, log(STARTED, event)).entries
    assert [(e.kind, e.step_kind, e.content, e.message_id) for e in entries] == expected
    assert [e.number for e in entries] == list(range(len(expected)))


def test_a_conversation_names_where_it_comes_from_and_when_it_changed() -> None:
    origin = ForkOrigin(conversation="b", checkpoint_id="c9")
    forked = row(project({}, log(STARTED.model_copy(update={"forked_from": origin}), MESSAGE)))
    assert (forked.forked_from, forked.forked_checkpoint) == ("b", "c9")
    assert (forked.created_at, forked.updated_at) == (
        "2025-11-03T10:00:01.000000Z",
        "2025-11-03T10:00:02.000000Z",
    )
    assert (forked.incarnation, forked.last_sequence) == (1, 2)


def test_an_unrecognized_event_leaves_the_row_alone() -> None:
    known = row(project({}, log(STARTED, MESSAGE)))
    assert project({"a": known}, log(UNKNOWN, first=3)).conversations["a"] is known


def test_a_deleted_conversation_leaves_nothing() -> None:
    changes = project({}, log(STARTED, MESSAGE, ConversationDeleted(), DONE))
    assert changes.conversations == {"a": None}
    assert changes.entries == []
    assert changes.gone == {1}


def test_a_key_used_again_is_a_new_conversation() -> None:
    changes = project({}, log(STARTED, MESSAGE, ConversationDeleted(), STARTED, MESSAGE))
    assert row(changes).incarnation == 4
    assert row(changes).unanswered == 1
    assert [entry.sequence for entry in changes.entries] == [5]


def test_a_rolled_back_run_leaves_no_entry_but_another_run_does() -> None:
    changes = project({}, log(STARTED, MESSAGE, MESSAGE, ROLLED_BACK))
    assert [entry.run_id for entry in changes.entries] == ["event-3"]
    assert changes.rolled_back == {RUN}


def test_batches_of_any_size_come_to_the_same() -> None:
    events = log(STARTED, MESSAGE, ASKED, answer("i1"), DONE, MESSAGE)
    whole = project({}, events)
    known: dict[str, ConversationRow] = {}
    entries = []
    for event in events:
        changes = project(known, [event])
        known = {"a": row(changes)}
        entries += changes.entries
    assert known == whole.conversations
    assert entries == whole.entries


def test_a_reply_that_was_cut_adds_what_was_heard() -> None:
    cut = ReplySpoken(
        reply_id="r", run_id=RUN, generated="끝났습니다", heard="끝", cut=True, audio_ms=900, heard_ms=200
    )
    changes = project({}, log(STARTED, MESSAGE, DONE, cut))
    assert [(entry.kind, entry.content, entry.run_id) for entry in changes.entries[-2:]] == [
        ("reply", "끝났습니다", RUN),
        ("heard", "끝 [interrupted]", RUN),
    ]


def test_a_tool_that_a_model_which_speaks_has_called_is_a_step() -> None:
    step = Step(kind="action", text="Execution logs:\nfind()\nLast output: []")
    returned = VoiceToolReturned(call_id="c", output="[]", steps=(step,))
    (entry,) = project({}, log(STARTED, returned)).entries
    assert (entry.kind, entry.step_kind, entry.content) == ("step", "action", step.text)


def test_a_guest_session_belongs_to_who_claimed_it() -> None:
    changes = project({}, log(STARTED, VoiceSessionClaimed(owner="alice")))
    conversation = changes.conversations["a"]
    assert conversation is not None
    assert conversation.owner == "alice"


def errand(*events: Event) -> tuple[str, str | None, int] | None:
    """What is to be done for the run that these begin with: its kind, when, how often it was tried."""
    row = project({}, log(STARTED, *events)).errands.get(RUN)
    return (row.kind, row.due_at and row.due_at[17:19], row.attempt) if row else None


LATER = "2025-11-03T10:00:40+00:00"
WITH_WEBHOOK = RunRequested(addressee="agent-runner", protocol="langgraph", webhook="https://example.org/")
SCHEDULED = RunScheduled(
    run_id=RUN, request=WITH_WEBHOOK.model_copy(update={"webhook": None, "not_before": LATER})
)
TRIED = WebhookTried(run_id=RUN, attempt=1, again_at=LATER)
REFUSED = WebhookAnswered(run_id=RUN, attempt=1, problem="answered 500", again_at=LATER)


@pytest.mark.parametrize(
    ("events", "left"),
    [
        ([SCHEDULED], ("begin", "40", 0)),
        ([SCHEDULED, CancelRequested(run_id=RUN)], None),
        ([SCHEDULED, ConversationDeleted()], None),
        ([WITH_WEBHOOK], ("webhook", None, 0)),
        ([WITH_WEBHOOK, DONE], ("webhook", "03", 0)),
        ([WITH_WEBHOOK, FAILED], ("webhook", "03", 0)),
        ([WITH_WEBHOOK, DONE, TRIED], ("webhook", "40", 1)),
        (
            [WITH_WEBHOOK, DONE, TRIED, REFUSED],
            ("webhook", "40", 1),
        ),
        ([WITH_WEBHOOK, DONE, TRIED, WebhookAnswered(run_id=RUN, attempt=1, status=200)], None),
        ([WITH_WEBHOOK.model_copy(update={"webhook": None}), DONE], None),
    ],
)
def test_what_is_to_be_done_for_a_run(events: list[Event], left: tuple[str, str | None, int] | None) -> None:
    assert errand(*events) == left


def test_a_run_that_begins_later_is_one_run_all_along() -> None:
    before = project({}, log(STARTED, SCHEDULED))
    assert (before.runs[RUN].status, before.runs[RUN].sequence) == ("pending", 2)
    (asked,) = log(SCHEDULED.request, first=3)
    errand = before.errands[RUN]
    assert errand
    begun = project({"a": row(before)}, [replace(asked, id=RUN)], before.runs, errands={RUN: errand})
    assert (begun.runs[RUN].status, begun.runs[RUN].sequence) == ("pending", 3)
    assert begun.runs[RUN].created_at == before.runs[RUN].created_at
    assert begun.errands == {RUN: None}


def test_versions_of_an_assistant_are_rows_of_which_one_is_in_use() -> None:
    saved = [AssistantSaved(assistant_id="x", number=n, graph="g", name=f"n{n}") for n in (1, 2)]
    started = STARTED.model_copy(update={"responder_name": ASSISTANT_RESPONDER, "owner": "kim"})
    events = [started, *saved, AssistantVersionChosen(assistant_id="x", number=1)]
    versions = project({}, log(*events)).assistants["x"]
    assert {(n, each.in_use, each.name, each.owner) for n, each in versions.items()} == {
        (1, True, "n1", "kim"),
        (2, False, "n2", "kim"),
    }
    assert project({}, log(*events, ConversationDeleted())).assistants == {"x": {}}
