"""Cancellations that come at the same moment as what is waited for."""

import asyncio

import pytest

from eventlog.cancelling import cancellable


async def test_a_cancellation_that_comes_with_the_answer_is_not_lost() -> None:
    answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    begun = asyncio.Event()
    cleaned_up = []

    async def ask() -> None:
        begun.set()
        try:
            await cancellable(asyncio.wait_for(answer, 5))
        finally:
            cleaned_up.append(await cancellable(asyncio.sleep(0, "a wait of a cancelled task")))

    task = asyncio.create_task(ask())
    await begun.wait()
    answer.set_result("now")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert cleaned_up == ["a wait of a cancelled task"]
