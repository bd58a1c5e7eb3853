"""Questions about all conversations, which read the whole log; rare, and never on the way to a user."""

import asyncio
from collections.abc import AsyncIterator, Callable

from agent_runner.engine.checkpointer.threads import told
from contracts.envelope import Recorded
from contracts.events import CheckpointSaved
from eventlog import sharding
from eventlog.ports import Log


async def conversations(
    log: Log, idle_seconds: float, wanted: Callable[[CheckpointSaved], bool] = lambda _: True
) -> list[str]:
    """The conversations with a wanted checkpoint, those of a stream in the order of their first one.

    Args:
        idle_seconds: when nothing more comes for so long, the log's last events were erased and the
            scan is at its end.
    """
    found: dict[str, None] = {}
    for end in await log.positions():
        async for recorded in _up_to(log, end, idle_seconds):
            for event in told(recorded.event):
                if isinstance(event, CheckpointSaved) and wanted(event):
                    found.setdefault(recorded.conversation)
    return list(found)


async def _up_to(log: Log, end: int, idle_seconds: float) -> AsyncIterator[Recorded]:
    """The events of a stream up to a position."""
    after = sharding.beginning(sharding.stream_at(end))
    if after == end:
        return
    async with log.follow_all(after=after) as batches:
        while after < end:
            try:
                async with asyncio.timeout(idle_seconds):
                    batch = await anext(batches)
            except TimeoutError:
                return
            for recorded in batch:
                yield recorded
            after = batch[-1].sequence
