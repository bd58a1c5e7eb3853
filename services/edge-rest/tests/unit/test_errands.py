"""What is due is asked for when something says that there may be more, and not all the time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from contracts.envelope import format_time
from contracts.queries import Errand, Errands, ErrandsQuery
from edge_rest.langgraph.agents import Agents
from edge_rest.langgraph.alarm import Alarm
from edge_rest.langgraph.errands import Errandry
from eventlog.ports import Unavailable


class Services:
    """Answers what is due, as scripted; the last answer stands for all that follow."""

    def __init__(self, *answers: Errands | Exception) -> None:
        self.answers = list(answers)
        self.asked: asyncio.Queue[ErrandsQuery] = asyncio.Queue()
        self.begun: asyncio.Queue[str] = asyncio.Queue()
        self.log = self.inbox = self.questions = self

    async def positions(self) -> tuple[int, ...]:
        return (7,)

    async def ask(self, name: str, query: ErrandsQuery, answer: type[Errands]) -> Errands:
        self.asked.put_nowait(query)
        given = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(given, Exception):
            raise given
        return given

    async def begin(self, key: str, run_id: str) -> None:
        self.begun.put_nowait(run_id)


def later(seconds: float) -> str:
    return format_time(datetime.now(UTC) + timedelta(seconds=seconds))


@asynccontextmanager
async def working(*answers: Errands | Exception) -> AsyncIterator[tuple[Services, Alarm]]:
    services, alarm = Services(*answers), Alarm()
    nobody: Any = None
    task = asyncio.create_task(Errandry(cast("Agents", services), nobody, alarm).work())
    try:
        async with asyncio.timeout(10):
            yield services, alarm
    finally:
        task.cancel()


async def settled() -> None:
    """Let everything run that can."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_nothing_is_asked_while_nothing_happens() -> None:
    async with working(Errands(awaited=("a",), next_at=later(600))) as (services, alarm):
        first = await services.asked.get()
        assert first.at_least == 7
        await settled()
        alarm.end("b")
        await settled()
        assert services.asked.empty()
        alarm.end("a")
        await services.asked.get()
        await settled()
        alarm.ring()
        await services.asked.get()


async def test_what_is_due_is_done_at_its_time() -> None:
    errand = Errand(key="a", run_id="r", kind="begin", due_at=later(0), attempt=0)
    async with working(Errands(next_at=later(0.01)), Errands(errands=(errand,)), Errands()) as (services, _):
        assert await services.begun.get() == "r"


async def test_an_end_that_comes_while_it_is_asked_is_not_missed() -> None:
    alarm = Alarm()
    alarm.ask()
    alarm.end("a")
    alarm.know(Errands(awaited=("a",)))
    await asyncio.wait_for(alarm.wait(), 30)


@pytest.mark.parametrize("trouble", [Unavailable("away"), TimeoutError()])
async def test_it_is_asked_again_after_an_outage(trouble: Exception) -> None:
    async with working(trouble, Errands()) as (services, alarm):
        await services.asked.get()
        alarm.ring()
        await services.asked.get()
