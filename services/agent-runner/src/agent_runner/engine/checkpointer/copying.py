"""A thread's checkpoint events put into another conversation, removals included: all, or up to one."""

from collections.abc import Sequence
from typing import Final

from langgraph.checkpoint.serde.types import INTERRUPT

from agent_runner.engine.checkpointer.threads import told
from contracts.events import (
    CheckpointSaved,
    CheckpointsRemoved,
    ConversationDeleted,
    ConversationStarted,
    Event,
    ForkOrigin,
    Question,
    RunInterrupted,
    WritesSaved,
    open_after,
)
from contracts.events.checkpoint import TaskWrites
from eventlog.author import Author, derived_id
from eventlog.ports import Conflict, Log, Unavailable

BATCH: Final = 500


class NoCheckpoint(LookupError):
    """The thread has no such checkpoint."""


async def copy_thread(log: Log, author: Author, source: str, target: str, attempts: int) -> None:
    """Append what makes up the source's thread to the target, the complete chain of parents with it.

    Args:
        attempts: how often a batch is tried when others append to the target too.

    Raises:
        Unavailable: if others kept appending; what was copied by then stays.
    """
    events = await _events(log, source)
    tail = await log.tail(target)
    base = tail + 1
    for start in range(0, len(events), BATCH):
        tail = await _append(log, author, target, _based(events[start : start + BATCH], base), tail, attempts)


async def fork_thread(
    log: Log, author: Author, start: ConversationStarted, origin: ForkOrigin, target: str
) -> None:
    """Begin the target with the source's thread as it was at a checkpoint, without what came after it but
    the questions that were asked there, which are open in the target.

    The conversation starts with the last batch, the only one for threads of ordinary length, so that
    nothing runs on half a thread.

    Raises:
        NoCheckpoint: if the source does not have it.
        eventlog.ports.Conflict: if somebody else began the target meanwhile.
    """
    events = await _events(log, origin.conversation)
    kept = [*_up_to(events, origin.checkpoint_id), *_asked_at(events, origin.checkpoint_id)]
    tail = await log.tail(target)
    base = tail + 1
    whole: list[Event] = [*_based(kept, base), start]
    if questions := await _questions_at(log, origin):
        run_id = derived_id(origin.conversation, origin.checkpoint_id, target)
        whole.append(RunInterrupted(run_id=run_id, message_sequence=tail, questions=questions))
    for begin in range(0, len(whole), BATCH):
        envelopes = [author.envelope(target, event) for event in whole[begin : begin + BATCH]]
        tail = (await log.append(envelopes, expected=tail))[-1].sequence


def _up_to(events: Sequence[Event], checkpoint_id: str) -> list[Event]:
    for position, event in enumerate(events):
        if isinstance(event, CheckpointSaved) and (event.namespace, event.checkpoint_id) == (
            "",
            checkpoint_id,
        ):
            return list(events[: position + 1])
    raise NoCheckpoint(checkpoint_id)


def _asked_at(events: Sequence[Event], checkpoint_id: str) -> list[Event]:
    """The interrupts after a checkpoint, without what they were answered and what else was written there."""
    tasks: list[TaskWrites] = []
    for event in events:
        if isinstance(event, WritesSaved) and (event.namespace, event.checkpoint_id) == ("", checkpoint_id):
            tasks += event.tasks
        elif isinstance(event, CheckpointSaved) and (event.namespace, event.parent_id) == ("", checkpoint_id):
            tasks += event.parent_writes
    asking = [
        task.model_copy(update={"writes": writes})
        for task in tasks
        if (writes := tuple(write for write in task.writes if write.channel == INTERRUPT))
    ]
    return [WritesSaved(checkpoint_id=checkpoint_id, tasks=tuple(asking))] if asking else []


async def _questions_at(log: Log, origin: ForkOrigin) -> tuple[Question, ...]:
    """What was asked first at a checkpoint."""
    reached = False
    deleted = await log.last(origin.conversation, ConversationDeleted.type)
    async for recorded in log.read(origin.conversation, after=deleted.sequence if deleted else 0):
        for event in told(recorded.event):
            if isinstance(event, CheckpointSaved) and not event.namespace:
                if reached:
                    return ()
                reached = event.checkpoint_id == origin.checkpoint_id
        if reached and (questions := open_after(recorded.event)):
            return questions
    return ()


async def _events(log: Log, source: str) -> list[Event]:
    deleted = await log.last(source, ConversationDeleted.type)
    events: list[Event] = []
    async for recorded in log.read(source, after=deleted.sequence if deleted else 0):
        for event in told(recorded.event):
            if isinstance(event, CheckpointsRemoved) and event.scope == "all":
                events.clear()
            elif isinstance(event, CheckpointSaved | WritesSaved | CheckpointsRemoved):
                events.append(event)
    return events


def _based(events: Sequence[Event], base: int) -> list[Event]:
    return [
        event.model_copy(update={"base": base}) if isinstance(event, CheckpointSaved) else event
        for event in events
    ]


async def _append(
    log: Log, author: Author, target: str, events: Sequence[Event], tail: int, attempts: int
) -> int:
    """The target's tail after the append."""
    envelopes = [author.envelope(target, event) for event in events]
    for _ in range(attempts):
        try:
            return (await log.append(envelopes, expected=tail))[-1].sequence
        except Conflict as conflict:
            tail = conflict.tail
    raise Unavailable(f"conversation {target!r} is too busy to copy into")
