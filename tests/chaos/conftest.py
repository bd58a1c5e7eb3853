"""What the chaos tests stand on: a fleet of services with two runners, and the log that they share."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager
from pathlib import Path

import pytest
from tests.chaos.fleet import Fleet, NatsServer, running_fleet

from contracts.events import REGISTERED, UPCASTERS
from contracts.registry import Registry
from eventlog.broker import Broker
from eventlog.jetstream import JetStreamLog
from eventlog.settings import NatsSettings

COUNTS = {
    "history-store": 1,
    "agent-runner": 2,
    "quote-engine": 1,
    "voice-bridge": 1,
    "edge-ws": 1,
    "edge-rest": 1,
}


@pytest.fixture(scope="session")
def shared_fleet(
    start_nats: Callable[[Path, int], AbstractContextManager[list[NatsServer]]],
    tmp_path_factory: pytest.TempPathFactory,
    unused_port: Callable[[], int],
) -> Iterator[Fleet]:
    """One fleet for all tests, since its start takes longer than they do."""
    folder = tmp_path_factory.mktemp("fleet")
    with (
        start_nats(folder / "nats", 1) as (nats,),
        running_fleet(nats, folder, COUNTS, unused_port, True) as fleet,
    ):
        yield fleet


@pytest.fixture
async def fleet(shared_fleet: Fleet) -> AsyncIterator[Fleet]:
    """The fleet, whole at the beginning whatever the test before has done to it."""
    shared_fleet.forget_plan()
    await shared_fleet.mend()
    yield shared_fleet
    shared_fleet.forget_plan()


@pytest.fixture
async def log(fleet: Fleet) -> AsyncIterator[JetStreamLog]:
    """The fleet's log, as a bystander reads it."""
    async with bystander(fleet.nats.url) as found:
        yield found


@asynccontextmanager
async def bystander(url: str) -> AsyncIterator[JetStreamLog]:
    """A log over a connection of its own."""
    settings = NatsSettings(url=url)
    broker = Broker(settings, "bystander")
    await broker.start()
    yield JetStreamLog(broker, Registry(REGISTERED, UPCASTERS), settings)
    await broker.stop()
