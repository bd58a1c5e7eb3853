"""What is listed of a conversation's history. Pure."""

import json

from contracts.envelope import Recorded, format_time
from contracts.events import (
    AnswerReceived,
    MessageReceived,
    NodeCompleted,
    ReplySpoken,
    RunCompleted,
    RunFailed,
    RunInterrupted,
    RunRequested,
    UserSpoke,
    VoiceToolReturned,
)
from history_store.runs import said_in, storable
from history_store.tables import EntryRow


def entries(incarnation: int, recorded: Recorded) -> list[EntryRow]:
    """What one event adds to the history of its conversation."""
    event = recorded.event
    said: list[tuple[str, str, str | None, str, str | None]] = []
    match event:
        case MessageReceived():
            said = [(recorded.id, "message", None, event.text, event.message_id)]
        case AnswerReceived():
            said = [(recorded.id, "answer", None, _answer(event), None)]
        case RunRequested() if text := said_in(event):
            said = [(recorded.id, "message", None, text, event.message_id)]
        case NodeCompleted():
            said = [(event.run_id, "step", step.kind, step.text, None) for step in event.steps]
        case VoiceToolReturned():
            said = [(recorded.id, "step", step.kind, step.text, None) for step in event.steps]
        case RunInterrupted():
            said = [(event.run_id, "question", None, asked.question, None) for asked in event.questions]
        case RunCompleted():
            said = [(event.run_id, "reply", None, event.text, None)]
        case RunFailed():
            said = [(event.run_id, "failure", None, event.error, None)]
        case UserSpoke(answered_by="engine") if event.transcript:
            said = [(recorded.id, "message", None, event.transcript, None)]
        case ReplySpoken(run_id=None) if event.generated:
            said = [(recorded.id, "reply", None, event.as_heard, None)]
        case ReplySpoken(run_id=str(run_id), cut=True):
            said = [(run_id, "heard", None, event.as_heard, None)]
        case _:
            pass
    return [
        EntryRow(
            sequence=recorded.sequence,
            number=number,
            incarnation=incarnation,
            run_id=storable(run_id),
            kind=kind,
            step_kind=step_kind,
            content=storable(content),
            message_id=storable(message_id) if message_id else message_id,
            occurred_at=format_time(recorded.occurred_at),
        )
        for number, (run_id, kind, step_kind, content, message_id) in enumerate(said)
    ]


def _answer(event: AnswerReceived) -> str:
    if event.response is None:
        return "approved" if event.approve else "refused"
    return (
        event.response if isinstance(event.response, str) else json.dumps(event.response, ensure_ascii=False)
    )
