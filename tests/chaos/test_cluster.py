"""Three nats-servers: the leader of the log dies in the middle of conversations, and nobody can tell."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from uuid import uuid4

import pytest
from tests.chaos.cluster import Cluster
from tests.chaos.conftest import COUNTS, bystander
from tests.chaos.fleet import Fleet, NatsServer, running_fleet
from tests.chaos.scripts import SCRIPTS
from tests.chaos.stories import Story, difference, story_of

from contracts.events import RunStarted
from eventlog.ports import Log

pytestmark = pytest.mark.cluster

WAIT_SECONDS = 60
HELD = ("agent contract", "octo", "room")
"""The scripts that are held at once."""


@pytest.fixture(scope="module")
def cluster(
    start_nats: Callable[..., AbstractContextManager[list[NatsServer]]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Cluster]:
    with start_nats(tmp_path_factory.mktemp("nats"), 3) as servers:
        yield Cluster(servers)


@pytest.fixture(scope="module")
def on_three(
    cluster: Cluster, tmp_path_factory: pytest.TempPathFactory, unused_port: Callable[[], int]
) -> Iterator[Fleet]:
    with running_fleet(cluster, tmp_path_factory.mktemp("fleet"), COUNTS, unused_port) as fleet:
        yield fleet


async def tell(fleet: Fleet, log: Log, script: str) -> Story:
    talk = await SCRIPTS[script](fleet, uuid4().hex[:12])
    return await story_of(fleet, log, talk.conversation, talk.seen)


async def until_running(log: Log, *, after: int, runs: int) -> None:
    """Until so many runs have begun."""
    begun = 0
    async with asyncio.timeout(WAIT_SECONDS), log.follow_all(after=after) as batches:
        async for batch in batches:
            begun += [isinstance(event.event, RunStarted) for event in batch].count(True)
            if begun >= runs:
                return


@pytest.mark.parametrize("kills", [1, pytest.param(30, marks=pytest.mark.slow)])
@pytest.mark.timeout(1800)
async def test_the_leader_of_the_log_is_killed_during_conversations(
    cluster: Cluster, on_three: Fleet, kills: int
) -> None:
    clock = asyncio.get_running_loop().time
    longest = 0.0
    async with bystander(cluster.address) as log:
        expected = {script: await tell(on_three, log, script) for script in HELD}
        for number in range(kills):
            leader = await cluster.leader()
            position = await log.position()
            talks = [asyncio.create_task(tell(on_three, log, script)) for script in HELD]
            await until_running(log, after=position, runs=1 + number % 4)
            leader.kill()
            killed = clock()
            for script, story in zip(HELD, await asyncio.gather(*talks), strict=True):
                assert story == expected[script], f"{script}\n{difference(expected[script], story)}"
            longest = max(longest, clock() - killed)
            edge = on_three.one("edge-ws")
            edge.kill()
            edge.start()  # services start on the two that are left
            await on_three.ready()
            leader.start()
            await on_three.ready()
    print(f"\n{kills} leaders killed: the conversations had ended {longest:.1f} s later at the latest")
