"""Questions about all conversations, which read the whole log; rare, and never on the way to a user."""

import asyncio
from collections.abc import Callable

from agent_runner.engine.checkpointer.threads import told
from contracts.events import CheckpointSaved
from eventlog.ports import Log


async def conversations(
    log: Log, idle_seconds: float, wanted: Callable[[CheckpointSaved], bool] = lambda _: True
) -> list[str]:
    """The conversations with a wanted checkpoint, in the order of their first one.

    Args:
        idle_seconds: when nothing more comes for so long, the log's last events were erased and the
            scan is at its end.
    """
    end = await log.position()
    found: dict[str, None] = {}
    if not end:
        return []
    async with log.follow_all(after=0) as batches:
        while True:
            try:
                async with asyncio.timeout(idle_seconds):
                    batch = await anext(batches)
            except TimeoutError:
                break
            for recorded in batch:
                for event in told(recorded.event):
                    if isinstance(event, CheckpointSaved) and wanted(event):
                        found.setdefault(recorded.conversation)
            if batch[-1].sequence >= end:
                break
    return list(found)
