"""Every question gets an answer: of any size, and where there is none, why."""

import asyncio
import logging
from typing import Any

import pytest
from faststream.nats import NatsRouter
from pydantic import BaseModel

from contracts import subjects
from contracts.events import Step
from contracts.queries import RunOnceResult, SpokenCommandsQuery
from eventlog.broker import Broker
from eventlog.ports import Unavailable
from eventlog.query import Refused, ask
from eventlog.replies import PART_BYTES
from eventlog.settings import NatsSettings

SECONDS = 20


class Size(BaseModel):
    bytes: int


@pytest.fixture
async def asker(own_nats: Any) -> Any:
    """Asks agent-runner for an answer of some size, as edge-rest does; of one below zero there is none."""
    services = [
        Broker(NatsSettings(url=own_nats.address, user=user, password=user), user)
        for user in ("agent-runner", "edge-rest")
    ]
    routes = NatsRouter()

    @routes.subscriber(subjects.query("runner.run_once"), queue="agent-runner")
    async def answer(size: Size) -> RunOnceResult:
        if size.bytes < 0:
            raise ZeroDivisionError("no such size")
        return RunOnceResult(steps=(Step(kind="action", text="가" * (size.bytes // 3)),))

    services[0].include_router(routes)
    for service in services:
        await service.start()

    async def ask_for(question: BaseModel) -> int:
        result = await ask(services[1], "runner.run_once", question, RunOnceResult, timeout_seconds=SECONDS)
        return len(result.steps[0].text.encode())

    yield ask_for
    for service in services:
        await service.stop()


@pytest.mark.parametrize("size", [3, PART_BYTES + 300, 9 * PART_BYTES])
async def test_an_answer_of_any_size_comes_whole(asker: Any, size: int) -> None:
    async with asyncio.timeout(SECONDS):
        assert await asker(Size(bytes=size)) == size // 3 * 3


async def test_what_fails_is_answered_and_logged_once(asker: Any, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(Refused, match=r"^ZeroDivisionError$"):
        await asker(Size(bytes=-1))
    (told,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert told.exc_info


async def test_what_is_not_understood_is_answered(asker: Any) -> None:
    with pytest.raises(Refused, match="bytes: Field required"):
        await asker(SpokenCommandsQuery())


async def test_nobody_to_ask_is_known_at_once(own_nats: Any) -> None:
    broker = Broker(NatsSettings(url=own_nats.address, user="edge-rest", password="edge-rest"), "edge-rest")
    await broker.start()
    with pytest.raises(Unavailable, match="nobody answers"):
        await ask(broker, "runner.run_once", Size(bytes=1), RunOnceResult, timeout_seconds=SECONDS)
    await broker.stop()
