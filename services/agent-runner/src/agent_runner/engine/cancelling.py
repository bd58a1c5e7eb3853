"""What the log tells a run of its being cancelled, and which runs go with it."""

from agent_runner.engine.assignment import Assignment
from contracts.envelope import Recorded
from contracts.events import CancelRequested
from eventlog.ports import Log
from eventlog.turns.journal import Cancelled


async def check_cancelled(log: Log, work: Recorded) -> None:
    """Raises `Cancelled` if a person has asked for it since the message came."""
    asked = log.read(work.conversation, after=work.sequence, pattern=CancelRequested.type)
    async for event in asked:
        if isinstance(event.event, CancelRequested) and event.event.run_id == work.id:
            raise Cancelled(rollback=event.event.rollback)


async def turn_of(log: Log, assignment: Assignment) -> tuple[str, ...]:
    """The runs of this turn: this one, and those before it that asked what it answers."""
    work = assignment.work
    said = log.read(work.conversation, after=assignment.begins, pattern="message.>")
    return tuple([each.id async for each in said if each.correlation_id == work.correlation_id])
