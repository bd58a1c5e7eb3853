"""What events do to the rows of runs, and to what a conversation tells of its last one. Pure."""

import json
from collections.abc import Mapping
from typing import Any

from contracts.envelope import Recorded, format_time
from contracts.events import (
    AnswerReceived,
    CancelRequested,
    MessageReceived,
    RunCancelled,
    RunCompleted,
    RunEvent,
    RunFailed,
    RunInterrupted,
    RunRequested,
    RunScheduled,
    RunStarted,
)
from history_store.tables import ConversationRow, RunRow

CANCELLED = "UserInterrupt"
"""The kind of error of what was cancelled, as LangGraph's server names it."""


def evolve_run(
    known: Mapping[str, RunRow], conversation: ConversationRow, recorded: Recorded
) -> RunRow | None:
    """The run that an event begins or moves on; None where it does neither."""
    event, time = recorded.event, format_time(recorded.occurred_at)
    run_id = recorded.id
    if isinstance(event, RunScheduled):
        run_id, event = event.run_id, event.request
    if isinstance(event, MessageReceived | AnswerReceived | RunRequested):
        scheduled = known.get(run_id)
        return RunRow(
            sequence=recorded.sequence,
            incarnation=conversation.incarnation,
            run_id=storable(run_id),
            protocol=storable(event.protocol),
            graph=storable(getattr(event, "graph", "") or conversation.graph),
            created_at=scheduled.created_at if scheduled else time,
            updated_at=time,
        )
    if not isinstance(event, RunEvent | CancelRequested):
        return None
    run = known.get(event.run_id)
    if run is None or run.incarnation != conversation.incarnation:
        return None
    changes: dict[str, Any] = {}
    match event:
        case CancelRequested() if run.status == "pending":
            changes = {"status": "interrupted"}
        case RunStarted():
            changes = {"status": "running", "graph": storable(event.graph or run.graph)}
        case RunCompleted() | RunInterrupted():
            changes = {"status": "success"}
        case RunFailed():
            changes = {
                "status": "error",
                "error": storable(event.error),
                "error_kind": storable(event.code),
            }
        case RunCancelled():
            changes = {"status": "interrupted"}
    if not changes:
        return None
    attempt = event.attempt if isinstance(event, RunEvent) else run.attempt
    return run.model_copy(update=changes | {"updated_at": time, "attempt": attempt})


def outcome_of(event: RunEvent) -> dict[str, Any]:
    """What the end of a run changes in its conversation."""
    outcome: dict[str, Any] = {"outcome": "completed", "error": None, "error_kind": None}
    match event:
        case RunInterrupted():
            outcome["outcome"] = "asked"
        case RunCompleted(stopped_at=(_, *_)):
            outcome["outcome"] = "stopped"
        case RunCancelled(rolled_back=False):
            outcome |= {"outcome": "cancelled", "error": "cancelled on request", "error_kind": CANCELLED}
        case RunFailed():
            outcome |= {
                "outcome": "failed",
                "error": storable(event.error),
                "error_kind": storable(event.code),
            }
        case _:
            pass
    return outcome


def labelled(labels: str, more: Mapping[str, Any]) -> str:
    """Labels with more of them, as canonical JSON."""
    merged = json.loads(labels) | dict(more)
    return storable_json(json.dumps(merged, ensure_ascii=False, sort_keys=True, separators=(",", ":")))


def said_in(request: RunRequested) -> str:
    """What a person said by asking for a run: the last message of the input, or the answer to a question."""
    match request.input:
        case {"messages": [*_, {"content": str(text)}]} | {"messages": str(text)}:
            return text
        case {"messages": {"content": str(text)}}:
            return text
        case _:
            pass
    answer = (request.command or {}).get("resume")
    if answer is None:
        return ""
    return answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)


def storable(text: str) -> str:
    """The text as PostgreSQL takes it: without NUL characters."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def storable_json(text: str) -> str:
    """The same of JSON text, whose strings must not stand for such characters either."""
    return text.replace("\\u0000", "\\ufffd")
