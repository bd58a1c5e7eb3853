"""What events do to what is to be done for runs. Pure."""

from collections.abc import Mapping
from typing import Final

from contracts.envelope import Recorded, format_time, parse_time
from contracts.events import (
    ENDS,
    CancelRequested,
    Event,
    RunEvent,
    RunRequested,
    RunScheduled,
    WebhookAnswered,
    WebhookTried,
)
from history_store.runs import storable
from history_store.tables import ConversationRow, ErrandRow

BEGIN: Final = "begin"
WEBHOOK: Final = "webhook"


def evolve_errand(
    known: Mapping[str, ErrandRow | None], conversation: ConversationRow, recorded: Recorded
) -> dict[str, ErrandRow | None]:
    """What is to be done, by its run, as far as an event changes it."""
    event = recorded.event
    if isinstance(event, RunScheduled):
        row = _new(BEGIN, conversation, recorded).model_copy(update={"run_id": storable(event.run_id)})
        row.due_at = format_time(parse_time(event.request.not_before or ""))
        return {row.run_id: row}
    run_id = _run_of(recorded, event)
    errand = known.get(run_id)
    match event:
        case RunRequested(webhook=str()):
            return {run_id: _new(WEBHOOK, conversation, recorded)}
        case RunRequested() | CancelRequested() if errand and errand.kind == BEGIN:
            return {run_id: None}
        case WebhookTried() if errand:
            again_at = format_time(parse_time(event.again_at))
            return {run_id: errand.model_copy(update={"due_at": again_at, "attempt": event.attempt})}
        case WebhookAnswered(again_at=None) if errand:
            return {run_id: None}
        case WebhookAnswered(again_at=str(again_at)) if errand:
            return {run_id: errand.model_copy(update={"due_at": format_time(parse_time(again_at))})}
        case _ if isinstance(event, ENDS) and errand and errand.kind == WEBHOOK:
            return {run_id: errand.model_copy(update={"due_at": format_time(recorded.occurred_at)})}
        case _:
            return {}


def _run_of(recorded: Recorded, event: Event) -> str:
    about = isinstance(event, RunEvent | CancelRequested | WebhookTried | WebhookAnswered)
    return storable(event.run_id if about else recorded.id)  # type: ignore[attr-defined]  # all have it


def _new(kind: str, conversation: ConversationRow, recorded: Recorded) -> ErrandRow:
    return ErrandRow(
        sequence=recorded.sequence,
        kind=kind,
        incarnation=conversation.incarnation,
        key=conversation.key,
        run_id=storable(recorded.id),
    )
