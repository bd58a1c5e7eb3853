"""Waiting for the runs that answer what a caller has said."""

import asyncio
from collections.abc import Iterable

from contracts.events import ENDS, ConversationDeleted, RunCancelled, RunEvent
from eventlog.ports import Log


class StillRunning(Exception):
    """The run has not ended in time; it goes on."""


async def ends_of(
    log: Log, conversation: str, runs: Iterable[str], *, after: int, timeout_seconds: float
) -> RunEvent:
    """The last of the events that end `runs`; a deletion of the conversation cancels them all.

    Args:
        after: a sequence in front of all these events.

    Raises:
        StillRunning: if they have not all ended in time.
    """
    open_runs = set(runs)
    try:
        async with (
            asyncio.timeout(timeout_seconds),
            log.follow(conversation, after=after) as events,
        ):
            async for recorded in events:
                event = recorded.event
                if isinstance(event, ENDS):
                    open_runs.discard(event.run_id)
                    if not open_runs:
                        return event
                elif isinstance(event, ConversationDeleted):
                    return RunCancelled(run_id=open_runs.pop(), message_sequence=recorded.sequence)
    except TimeoutError:
        pass
    raise StillRunning(f"the run has not ended within {timeout_seconds:g} seconds")
