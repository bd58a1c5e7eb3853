"""A service that NATS cuts off because it does not read reads afterwards what it has missed."""

import asyncio
import json
import signal
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.chaos.conftest import bystander
from tests.chaos.fleet import MODULES, NatsServer, running_fleet
from websockets.asyncio.client import ClientConnection, connect

from contracts.events import ConversationStarted, MessageReceived, RunCompleted
from eventlog.author import Author
from eventlog.ports import Log
from eventlog.turns.inbox import Inbox

WAIT_SECONDS = 60
FLOOD_AT_MOST = 200
SOON_TOO_SLOW = 'max_pending: 8MB\nwrite_deadline: "500ms"'
AUTHOR = Author(source="test")
ROOM = ConversationStarted(responder_name="agent-runner", graph="chat", protocol="room")
FLOOD = ConversationStarted(responder_name="nobody", protocol="agent")

Frame = dict[str, Any]


async def turn(client: ClientConnection) -> list[Frame]:
    """The frames of the next turn in a room."""
    frames: list[Frame] = []
    async with asyncio.timeout(WAIT_SECONDS):
        while not frames or frames[-1]["event"] != "on_chain_end" or frames[-1]["parent_ids"]:
            frames.append(json.loads(await client.recv()))
    return frames


def assert_whole(frames: list[Frame]) -> None:
    """A turn has one beginning, and its tokens are its text."""
    roots = [frame for frame in frames if not frame["parent_ids"]]
    assert [frame["event"] for frame in roots] == ["on_chain_start", "on_chain_stream", "on_chain_end"]
    tokens = [
        frame["data"]["chunk"]["content"] for frame in frames if frame["event"] == "on_chat_model_stream"
    ]
    (said,) = roots[1]["data"]["chunk"]["model"]["messages"]
    assert len(tokens) > 1
    assert "".join(tokens) == said["content"]


async def say(log: Log, room: str, number: int) -> None:
    """Put a message into the log as an edge does that goes on, and wait until it is answered."""
    message = MessageReceived(
        addressee="agent-runner", text="안녕 반가워요", protocol="room", message_id=f"m{number}"
    )
    receipt = await Inbox(log, AUTHOR).receive(room, message, ROOM)
    async with asyncio.timeout(WAIT_SECONDS), log.follow(room, after=receipt.sequence) as events:
        async for event in events:
            if isinstance(event.event, RunCompleted) and event.event.run_id == receipt.run_id:
                return


async def flood(log: Log, cut_off: Callable[[], int], wanted: int) -> int:
    """Append large messages until so many connections have been cut off; how many were appended."""
    message = MessageReceived(addressee="nobody", text="x" * 500_000, protocol="agent")
    for appended in range(FLOOD_AT_MOST):
        if cut_off() >= wanted:
            return appended
        await Inbox(log, AUTHOR).receive("flood", message, FLOOD)
    raise AssertionError("not everybody was cut off")


async def test_who_is_cut_off_by_nats_misses_nothing(
    start_nats: Callable[..., AbstractContextManager[list[NatsServer]]],
    unused_port: Callable[[], int],
    tmp_path: Path,
) -> None:
    room = uuid4().hex[:12]
    server_log = tmp_path / "nats" / "0" / "nats.log"

    def cut_off() -> int:
        return server_log.read_text().count("Slow Consumer Detected")

    with (
        start_nats(tmp_path / "nats", 1, SOON_TOO_SLOW) as (server,),
        running_fleet(server, tmp_path / "fleet", dict.fromkeys(MODULES, 1), unused_port) as fleet,
    ):
        address = fleet.address("edge-ws", f"/v3/?room_uid={room}&user_uid=u", scheme="ws")
        slow = [fleet.one("edge-ws"), fleet.one("history-store")]
        async with bystander(server.address) as log, connect(address) as device, connect(fleet.chat("flood")):
            await say(log, room, 0)
            assert_whole(await turn(device))

            for service in slow:
                service.signal(signal.SIGSTOP)
            await say(log, room, 1)  # of this something may still wait in the connection
            appended = await flood(log, cut_off, len(slow))
            await say(log, room, 2)  # and of this nothing
            for service in slow:
                service.signal(signal.SIGCONT)

            assert_whole(await turn(device))
            assert_whole(await turn(device))
            told = await fleet.history(room)
            assert [entry["role"] for entry in told] == ["user", "agent"] * 3
            assert len(await fleet.history("flood")) == appended
            await fleet.ready()
