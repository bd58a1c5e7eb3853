"""Two stacks on one nats-server: in one account they are replicas, in two accounts strangers."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from tests.chaos.conftest import bystander
from tests.chaos.fleet import MODULES, NatsServer, running_fleet

from contracts.events import ENDS, MessageReceived, RunStarted
from eventlog.broker import Broker
from eventlog.settings import NatsSettings
from eventlog.streams import declare

START_SECONDS = 30
TALKS = 8
TALKING = {"agent-runner": 1, "edge-ws": 1}
ACCOUNTS = """accounts {
  ONE { jetstream: enabled, users: [ { user: one, password: one } ] }
  TWO { jetstream: enabled, users: [ { user: two, password: two } ] }
}"""


async def test_two_stacks_on_one_log_share_the_work(
    own_nats: NatsServer, unused_port: Callable[[], int], tmp_path: Path, conversation: str
) -> None:
    with (
        running_fleet(own_nats, tmp_path / "one", dict.fromkeys(MODULES, 1), unused_port) as one,
        running_fleet(own_nats, tmp_path / "two", dict.fromkeys(MODULES, 1), unused_port) as two,
    ):
        talks = [f"{conversation} {number}" for number in range(TALKS)]
        said = [each.say(talk, "get all contacts", "m1") for talk in talks for each in (one, two)]
        answers = await asyncio.gather(*said)
        async with bystander(own_nats.address) as log:
            for talk, by_one, by_two in zip(talks, answers[::2], answers[1::2], strict=True):
                assert by_one == by_two
                assert await one.history(talk) == await two.history(talk)
                events = [recorded.event async for recorded in log.read(talk)]
                for once in (MessageReceived, RunStarted, ENDS):
                    assert [isinstance(event, once) for event in events].count(True) == 1


async def declared(url: str, user: str) -> None:
    """Declare the streams in a user's account, once the server answers."""
    settings = NatsSettings(url=url, user=user, password=user, connect_deadline=START_SECONDS)
    broker = Broker(settings, "declare")
    await broker.reach()
    await declare(broker.client, log_bytes=1 << 30)
    await broker.stop()


async def test_two_installations_in_accounts_of_their_own_do_not_see_each_other(
    nats_configured_by: Callable[[str], NatsServer],
    unused_port: Callable[[], int],
    tmp_path: Path,
    conversation: str,
) -> None:
    server = nats_configured_by(ACCOUNTS)
    users = [{"PARLEY_NATS_USER": name, "PARLEY_NATS_PASSWORD": name} for name in ("one", "two")]
    for name in ("one", "two"):
        await declared(server.url, name)
    with (
        running_fleet(server, tmp_path / "one", TALKING, unused_port, **users[0]) as one,
        running_fleet(server, tmp_path / "two", TALKING, unused_port, **users[1]) as two,
    ):
        contacts = await one.say(conversation, "get all contacts", "m1")
        sales = await two.say(conversation, "2023년 매출 데이터를 분석해주세요", "m1")
        assert contacts != sales  # in one conversation it would have been the same message again
        assert await one.say(conversation, "get all contacts", "m1") == contacts
