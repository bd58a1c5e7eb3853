"""What is full, away, slow or doubled is said plainly, and nothing that was acknowledged is lost."""

import asyncio
import json
import signal
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

import nats
import pytest
from tests.chaos.conftest import COUNTS, bystander
from tests.chaos.fleet import Fleet, NatsServer, running_fleet
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from contracts.events import ConversationStarted, MessageReceived
from eventlog import service, streams
from eventlog.author import Author
from eventlog.broker import Broker
from eventlog.ports import Full, Log
from eventlog.settings import NatsSettings
from eventlog.turns.inbox import Inbox

WAIT_SECONDS = 60
END_SECONDS = 20
FLOOD_SECONDS = 10
OPENING = ConversationStarted(responder_name="nobody", protocol="agent")


async def count(log: Log, conversation: str) -> int:
    return len([event async for event in log.read(conversation)])


async def fill(inbox: Inbox) -> int:
    """Send small messages, so that hardly any room is left, until the log takes no more; how many it took."""
    message = MessageReceived(addressee="nobody", text="x" * 2_000, protocol="agent")
    for accepted in range(1000):
        try:
            await inbox.receive("full", message, OPENING)
        except Full:
            return accepted
    raise AssertionError("the log took everything")


async def test_a_full_log_refuses_says_so_and_keeps_what_it_has(own_nats: NatsServer) -> None:
    client = await nats.connect(own_nats.url)
    await streams.declare(client, log_bytes=1 << 20)
    await client.close()
    settings = NatsSettings(url=own_nats.url)
    broker = Broker(settings, "edge-rest")
    await service.connect(broker)
    assert await service.problems(broker, "edge-rest") == []
    async with bystander(own_nats.address) as log:
        inbox = Inbox(log, Author(source="test"), queued=1_000_000)
        accepted = await fill(inbox)
        assert accepted > 10
        assert await count(log, "full") == accepted + 1
        assert "the log is full" in " ".join(await service.problems(broker, "edge-rest"))
    await broker.stop()


@pytest.mark.parametrize("seconds", [5, pytest.param(60, marks=pytest.mark.slow)])
@pytest.mark.timeout(300)
async def test_nats_away_for_a_while(fleet: Fleet, log: Log, conversation: str, seconds: int) -> None:
    before = await fleet.say(conversation, "get all contacts", "m1")
    fleet.nats.kill()
    patient = fleet.say(f"{conversation} meanwhile", "get all contacts", "m1", within=seconds + WAIT_SECONDS)
    answer = asyncio.create_task(patient)
    async with asyncio.timeout(seconds):
        while await fleet.one("edge-ws").problems() in ([], None):
            await asyncio.sleep(0.1)  # readiness tells the truth
    _, waiting = await asyncio.wait({answer}, timeout=seconds)
    assert waiting
    fleet.nats.start()
    await fleet.mend()
    assert [frame["message"] for frame in (await answer)[:-1]] == [frame["message"] for frame in before[:-1]]
    assert await fleet.say(conversation, "get all contacts", "m1") == before


async def test_services_end_in_order_while_nats_is_away(fleet: Fleet) -> None:
    fleet.nats.kill()
    async with asyncio.timeout(WAIT_SECONDS):
        while await fleet.one("edge-ws").problems() in ([], None):
            await asyncio.sleep(0.1)
    for each in fleet.services:
        each.signal(signal.SIGTERM)
    async with asyncio.timeout(END_SECONDS):
        while not all(each.dead for each in fleet.services):
            await asyncio.sleep(0.1)
    assert {each.name: each.process.returncode for each in fleet.services if each.process} == dict.fromkeys(
        COUNTS, 0
    )


async def read_for_ever(client: ClientConnection) -> None:
    async with asyncio.timeout(WAIT_SECONDS):
        while True:
            await client.recv()


async def test_a_client_that_does_not_read_is_cut_off_alone(
    start_nats: Callable[[Path, int], AbstractContextManager[list[NatsServer]]],
    unused_port: Callable[[], int],
    tmp_path: Path,
) -> None:
    counts = {"history-store": 1, "agent-runner": 1, "edge-ws": 1}
    with (
        start_nats(tmp_path / "nats", 1) as (server,),
        running_fleet(server, tmp_path, counts, unused_port, PARLEY_SEND_TIMEOUT="1") as fleet,
    ):
        async with connect(fleet.chat("slow"), max_queue=1, ping_interval=None) as slow:
            said = {"type": "client", "message": "get all contacts", "message_id": "m1"}
            await fleet.say("slow", "get all contacts", "m1")
            slow.transport.pause_reading()
            try:
                async with asyncio.timeout(FLOOD_SECONDS):
                    while True:
                        await slow.send(json.dumps(said))
            except (TimeoutError, ConnectionClosed):
                pass  # nobody takes any more, or has closed
            assert (await fleet.say("beside", "get all contacts", "m1"))[-1]["type"] == "message_end"
            slow.transport.resume_reading()
            with pytest.raises(ConnectionClosed):
                await read_for_ever(slow)


async def test_clocks_that_disagree_do_not_change_the_order(
    fleet: Fleet, log: Log, conversation: str
) -> None:
    """The order is the log's; times are only told."""
    behind = Author(source="test", now=lambda: datetime(2001, 1, 1, tzinfo=UTC))
    message = MessageReceived(
        addressee="agent-runner", text="get all contacts", protocol="agent", message_id="m1"
    )
    opening = ConversationStarted(responder_name="agent-runner", graph="planner", protocol="agent")
    await fleet.say(conversation, "get all contacts", "m0")
    await Inbox(log, behind).receive(conversation, message, opening)
    assert (await fleet.say(conversation, "get all contacts", "m1"))[-1]["type"] == "message_end"
    roles = [(entry["role"], entry["timestamp"][:4]) for entry in await fleet.history(conversation)]
    assert [role for role, _ in roles].count("user") == 2
    assert roles[0][1] != "2001"
    assert ("user", "2001") in roles
