"""What each event does to the rows. Pure: no I/O, no clock, no ids; `store` writes the outcome."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from contracts.envelope import Recorded, format_time
from contracts.events import (
    ENDS,
    AnswerReceived,
    AssistantSaved,
    AssistantVersionChosen,
    CancelRequested,
    CheckpointsRemoved,
    ConversationArchived,
    ConversationDeleted,
    ConversationStarted,
    Event,
    ItemDeleted,
    ItemPut,
    ItemsRefreshed,
    MessageReceived,
    MetadataChanged,
    NamespaceClaimed,
    RunCancelled,
    RunCompleted,
    RunFailed,
    RunForgotten,
    RunInterrupted,
    RunRequested,
    RunStarted,
    StageAnswered,
    Unrecognized,
    UserSpoke,
    VoiceSessionClaimed,
    open_after,
)
from contracts.events.quote import Quote
from history_store.assistants import evolve_assistant
from history_store.entries import entries
from history_store.errands import evolve_errand
from history_store.items import ItemChanges, Place, evolve_items
from history_store.runs import evolve_run, labelled, outcome_of, said_in, storable
from history_store.tables import (
    AssistantRow,
    ConversationRow,
    EntryRow,
    ErrandRow,
    ItemRow,
    QuotationRow,
    RunRow,
)

TITLE_CHARACTERS: Final = 120
_NO_QUESTION: Final = {"interrupt_id": None, "question": None}


@dataclass(slots=True)
class Changes:
    """What a batch of events comes to.

    Attributes:
        conversations: the last state of every conversation touched, by key; None if it is gone.
        entries: new entries, in order.
        quotations: quotations newly given, in order.
        runs: the last state of every run touched, by id.
        errands: what is to be done for every run touched, by its id; None if nothing is.
        assistants: all versions of every assistant touched, by its id.
        gone: incarnations of which nothing may be left.
        archived: incarnations of which only the row of the conversation may be left.
        rolled_back: runs of which no entry may be left.
        forgotten: runs that are not to be listed any more.
        items: the last state of every item of the store that was touched.
    """

    conversations: dict[str, ConversationRow | None]
    entries: list[EntryRow] = field(default_factory=list)
    quotations: list[QuotationRow] = field(default_factory=list)
    runs: dict[str, RunRow] = field(default_factory=dict)
    errands: dict[str, ErrandRow | None] = field(default_factory=dict)
    assistants: dict[str, dict[int, AssistantRow]] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)
    archived: set[int] = field(default_factory=set)
    rolled_back: set[str] = field(default_factory=set)
    forgotten: set[str] = field(default_factory=set)
    items: ItemChanges = field(default_factory=lambda: ItemChanges({}))


def project(
    known: Mapping[str, ConversationRow],
    events: Iterable[Recorded],
    runs: Mapping[str, RunRow] | None = None,
    items: Mapping[Place, ItemRow] | None = None,
    errands: Mapping[str, ErrandRow] | None = None,
    assistants: Mapping[str, dict[int, AssistantRow]] | None = None,
) -> Changes:
    """Fold a batch of events, in order, over the rows as they are."""
    changes = Changes(
        dict(known),
        runs=dict(runs or {}),
        items=ItemChanges(dict(items or {})),
        errands=dict(errands or {}),
        assistants=dict(assistants or {}),
    )
    for recorded in events:
        if isinstance(recorded.event, Unrecognized):
            continue
        before = changes.conversations.get(recorded.conversation)
        after = evolve(before, recorded)
        changes.conversations[recorded.conversation] = after
        if before and (after is None or after.incarnation != before.incarnation):
            changes.gone.add(before.incarnation)
        if after is None:
            continue
        if run := evolve_run(changes.runs, after, recorded):
            changes.runs[run.run_id] = run
        changes.errands |= evolve_errand(changes.errands, after, recorded)
        _take(changes, after, recorded)
    _leave_out_what_is_gone(changes)
    return changes


def _take(changes: Changes, after: ConversationRow, recorded: Recorded) -> None:
    """What an event adds to the rows beside its conversation's and its run's."""
    match recorded.event:
        case ConversationArchived():
            changes.archived.add(after.incarnation)
        case CheckpointsRemoved(scope="runs", run_ids=run_ids):
            changes.rolled_back.update(run_ids)
        case RunCancelled(rolled_back=True, run_id=run_id):
            changes.rolled_back.add(run_id)
        case RunForgotten(run_id=run_id) | CancelRequested(run_id=run_id, rollback=True):
            changes.forgotten.add(run_id)
        case StageAnswered(quote=Quote(id=quote_id), user_id=str(user_id)):
            changes.quotations.append(
                QuotationRow(
                    sequence=recorded.sequence,
                    incarnation=after.incarnation,
                    user_id=storable(user_id),
                    quote_id=storable(quote_id),
                    occurred_at=format_time(recorded.occurred_at),
                )
            )
        case AssistantSaved(assistant_id=identity) | AssistantVersionChosen(assistant_id=identity):
            versions = changes.assistants.get(identity, {})
            changes.assistants[identity] = evolve_assistant(versions, after, recorded)
        case ItemPut() | ItemDeleted() | ItemsRefreshed():
            evolve_items(changes.items, after.incarnation, recorded)
        case _:
            changes.entries += entries(after.incarnation, recorded)


def _leave_out_what_is_gone(changes: Changes) -> None:
    bare = changes.gone | changes.archived
    changes.entries = [
        entry
        for entry in changes.entries
        if entry.incarnation not in bare and entry.run_id not in changes.rolled_back
    ]
    changes.quotations = [row for row in changes.quotations if row.incarnation not in bare]
    changes.errands = {
        run_id: None if row and row.incarnation in bare else row for run_id, row in changes.errands.items()
    }
    changes.assistants = {
        identity: {number: row for number, row in versions.items() if row.incarnation not in bare}
        for identity, versions in changes.assistants.items()
    }
    changes.items.rows = {
        place: None if row and row.incarnation in changes.gone else row
        for place, row in changes.items.rows.items()
    }
    unlisted = changes.forgotten | changes.rolled_back
    changes.runs = {
        run_id: row
        for run_id, row in changes.runs.items()
        if row.incarnation not in bare and run_id not in unlisted
    }


def evolve(conversation: ConversationRow | None, recorded: Recorded) -> ConversationRow | None:
    """The conversation after one event; None before it starts and after it is deleted."""
    event = recorded.event
    if isinstance(event, ConversationStarted):
        return _started(recorded, event)
    if conversation is None or isinstance(event, ConversationDeleted):
        return None
    if isinstance(event, ConversationArchived):
        return listed(event.listed)
    changes: dict[str, object] = {
        "updated_at": format_time(recorded.occurred_at),
        "last_sequence": recorded.sequence,
    }
    match event:
        case MessageReceived() | AnswerReceived() | RunRequested():
            changes["unanswered"] = conversation.unanswered + 1
            changes |= _NO_QUESTION
        case RunStarted():
            changes |= _NO_QUESTION
        case RunInterrupted() | RunFailed() | RunCompleted() | RunCancelled():
            changes["unanswered"] = max(conversation.unanswered - 1, 0)
            if questions := open_after(event):
                changes["interrupt_id"] = storable(questions[0].interrupt_id)
                changes["question"] = storable(questions[0].question)
        case VoiceSessionClaimed(owner=owner) | NamespaceClaimed(owner=owner):
            changes["owner"] = storable(owner)
        case MetadataChanged(metadata=metadata):
            changes["labels"] = labelled(conversation.labels, metadata)
        case _:
            pass
    if conversation.title is None and (title := _title(event)):
        changes["title"] = storable(title)
    if isinstance(event, ENDS):
        changes |= outcome_of(event) | {"state_updated_at": changes["updated_at"]}
    changed = conversation.model_copy(update=changes)
    changed.status = _status(changed, ended=isinstance(event, ENDS))
    return changed


def _title(event: Event) -> str:
    """The title that this event gives: the beginning of what was said, if anything was."""
    match event:
        case MessageReceived(text=text) | UserSpoke(transcript=text):
            said = text
        case RunRequested():
            said = said_in(event)
        case _:
            said = ""
    first, *_ = said.strip().splitlines() or [""]
    return first[:TITLE_CHARACTERS]


def listed(row: Mapping[str, Any]) -> ConversationRow:
    """The row of an archived conversation, from what the archive keeps of it; an earlier release may have."""
    return ConversationRow.model_validate({**row, "archived": True})


def _started(recorded: Recorded, event: ConversationStarted) -> ConversationRow:
    time = format_time(recorded.occurred_at)
    origin = event.forked_from
    return ConversationRow(
        incarnation=recorded.sequence,
        key=recorded.conversation,
        responder=storable(event.responder_name),
        graph=storable(event.graph),
        protocol=storable(event.protocol),
        user_id=event.user_id and storable(event.user_id),
        owner=event.owner and storable(event.owner),
        forked_from=storable(origin.conversation) if origin else None,
        forked_checkpoint=storable(origin.checkpoint_id) if origin else None,
        created_at=time,
        updated_at=time,
        state_updated_at=time,
        last_sequence=recorded.sequence,
    )


def _status(conversation: ConversationRow, *, ended: bool) -> str:
    if conversation.interrupt_id is not None:
        return "waiting_human"
    if conversation.unanswered:
        return "in_progress"
    return "completed" if ended else conversation.status
