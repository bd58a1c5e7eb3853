"""Waits that are not to outlive the cancellation of their task."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

ResultT = TypeVar("ResultT")


async def cancellable(wait: Awaitable[ResultT]) -> ResultT:
    """What `wait` gives, unless its task was cancelled meanwhile.

    Until Python 3.12 `asyncio.wait_for`, which the NATS client waits for answers with, drops a cancellation
    that comes at the same moment as the answer; a task group then waits for the task for ever.
    """
    task = asyncio.current_task()
    before = task.cancelling() if task else 0
    result = await wait
    if task and task.cancelling() > before:
        raise asyncio.CancelledError
    return result
