"""nats-server's disk runs full: nothing is taken, everybody is told, and nothing acknowledged is lost."""

import asyncio
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.chaos.conftest import bystander
from tests.chaos.fleet import Fleet, NatsServer, running_fleet
from websockets.asyncio.client import connect

from contracts.events import ConversationStarted, MessageReceived
from eventlog.author import Author
from eventlog.ports import Log, Unavailable
from eventlog.turns.inbox import Inbox

WAIT_SECONDS = 60
LARGE = "8g"
ROOM_BYTES = 1 << 20
OPENING = ConversationStarted(responder_name="nobody", protocol="agent")


@dataclass
class Disk:
    """A file system in memory, whose size can be changed."""

    folder: Path

    def fill(self) -> None:
        """Leave room for a megabyte."""
        now = os.statvfs(self.folder)
        self._resize(str((now.f_blocks - now.f_bfree) * now.f_frsize + ROOM_BYTES))

    def make_room(self) -> None:
        self._resize(LARGE)

    def _resize(self, size: str) -> None:
        subprocess.run(["mount", "-o", f"remount,size={size}", str(self.folder)], check=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """Mounted where the only server in ``nats`` keeps the streams."""
    folder = tmp_path / "nats" / "0" / "jetstream"
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={LARGE}", "parley-test", str(folder)]
    try:
        mounted = subprocess.run(mount, capture_output=True, text=True)
    except FileNotFoundError as error:
        pytest.skip(f"file systems cannot be mounted: {error}")
    if mounted.returncode:
        pytest.skip(f"file systems cannot be mounted: {mounted.stderr.strip()}")
    yield Disk(folder)
    subprocess.run(["umount", str(folder)], check=True)


async def fill(log: Log) -> int:
    """Send messages until one is refused; how many were acknowledged."""
    message = MessageReceived(addressee="nobody", text="x" * 50_000, protocol="agent")
    for acknowledged in range(1000):
        try:
            await Inbox(log, Author(source="test")).receive("filled", message, OPENING)
        except Unavailable:
            return acknowledged
    raise AssertionError("the disk took everything")


async def refused(fleet: Fleet, chat_id: str) -> str:
    """What a client is told whose message cannot be taken."""
    async with connect(fleet.chat(chat_id)) as client, asyncio.timeout(WAIT_SECONDS):
        said = {"type": "client", "message": "get all contacts", "message_id": "m2"}
        await client.send(json.dumps(said))
        frame = json.loads(await client.recv())
    assert frame["type"] == "agent_error"
    return str(frame["error"])


async def test_a_full_disk_refuses_says_so_and_keeps_what_was_acknowledged(
    disk: Disk,
    start_nats: Callable[..., AbstractContextManager[list[NatsServer]]],
    unused_port: Callable[[], int],
    tmp_path: Path,
    conversation: str,
) -> None:
    counts = {"agent-runner": 1, "edge-ws": 1}
    bounds = {"PARLEY_NATS_REQUEST_TIMEOUT": "1", "PARLEY_NATS_APPEND_DEADLINE": "3"}
    with (
        start_nats(tmp_path / "nats", 1) as (server,),
        running_fleet(server, tmp_path / "fleet", counts, unused_port, **bounds) as fleet,
    ):
        edge = fleet.one("edge-ws")
        before = await fleet.say(conversation, "get all contacts", "m1")
        disk.fill()
        async with bystander(server.address) as log:
            acknowledged = await fill(log)
            assert acknowledged > 10
            assert "send it again" in await refused(fleet, conversation)
            assert "the disk of nats-server may be full" in " ".join(await edge.problems() or [])

            disk.make_room()
            server.kill()
            server.start()
            await fleet.ready()
            assert await fleet.say(conversation, "get all contacts", "m1") == before
            assert (await fleet.say(conversation, "get all contacts", "m2"))[-1]["type"] == "message_end"
            kept = [event.event async for event in log.read("filled")]
            assert [isinstance(event, MessageReceived) for event in kept].count(True) >= acknowledged
