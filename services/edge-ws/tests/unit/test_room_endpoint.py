"""The room's endpoint over a log in memory, where the network's accidents can be arranged."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from typing import Any

import pytest
from starlette.websockets import WebSocket

from contracts.envelope import Recorded
from contracts.events import (
    AnswerReceived,
    ConversationStarted,
    Event,
    MessageReceived,
    RunCompleted,
    RunFailed,
    RunStarted,
)
from contracts.live import Delta
from contracts.trace import CHAIN_END, CHAIN_START, CHAT_MODEL_STREAM
from edge_ws.graphs import Graphs
from edge_ws.room import RoomEndpoint
from edge_ws.settings import EdgeSettings
from eventlog.author import Author
from eventlog.broker import Broker
from eventlog.memory import MemoryLive, MemoryLog
from eventlog.settings import NatsSettings
from eventlog.turns.inbox import Inbox
from protocols.room.dialect import state_of

ROOM = "0e06AFuOYA0w"
SOON = 30


class Device:
    """A client at the other end of an ASGI socket; one that is `stuck` takes nothing."""

    def __init__(self, query: str, *, stuck: bool = False) -> None:
        self.sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._said.put_nowait({"type": "websocket.connect"})
        self._stuck = stuck
        self.socket = WebSocket(
            {
                "type": "websocket",
                "path": "/v3/",
                "query_string": query.encode(),
                "headers": [],
                "extensions": {"websocket.http.response": {}},
            },
            self._said.get,
            self._take,
        )

    async def _take(self, message: Any) -> None:
        if self._stuck and message["type"] == "websocket.send":
            await asyncio.Event().wait()
        await self.sent.put(message)

    def say(self, frame: dict[str, Any]) -> None:
        self._said.put_nowait({"type": "websocket.receive", "text": json.dumps(frame)})

    def leave(self) -> None:
        self._said.put_nowait({"type": "websocket.disconnect", "code": 1000})

    async def message(self) -> dict[str, Any]:
        async with asyncio.timeout(SOON):
            return await self.sent.get()

    async def frame(self) -> dict[str, Any]:
        frame: dict[str, Any] = json.loads((await self.message())["text"])
        return frame


class World:
    """A log and deltas with one message in the room."""

    def __init__(self, **settings: Any) -> None:
        self.log, self.live, self.author = MemoryLog(), MemoryLive(), Author(source="test")
        inbox = Inbox(self.log, self.author)
        self.endpoint = RoomEndpoint(
            self.log, self.live, inbox, Graphs(Broker(NatsSettings(), "test"), 1.0), EdgeSettings(**settings)
        )
        self.run_id = ""

    async def append(self, *events: Event) -> None:
        envelopes = [self.author.envelope(ROOM, event) for event in events]
        stored = await self.log.append(envelopes, expected=await self.log.tail(ROOM))
        self.run_id = self.run_id or stored[-1].id

    async def ask(self) -> None:
        await self.append(
            ConversationStarted(responder_name="agent-runner", protocol="room"),
            MessageReceived(addressee="agent-runner", text="hello", protocol="room"),
        )
        await self.append(RunStarted(run_id=self.run_id, message_sequence=2))

    async def said(self) -> str:
        """The id of the first message in the room, once there is one."""
        async with asyncio.timeout(SOON), self.log.follow(ROOM, after=0) as events:
            async for event in events:
                if isinstance(event.event, MessageReceived):
                    return event.id
        raise AssertionError

    async def tell(self, indices: Iterable[int]) -> None:
        for index in indices:
            kind = CHAT_MODEL_STREAM if index else CHAIN_START
            data = {"run_id": self.run_id, "parent_ids": [], "tags": [], "data": {"n": index}}
            await self.live.publish(
                ROOM, Delta(run_id=self.run_id, attempt=1, index=index, kind=kind, data=data)
            )

    async def end(self, deltas: int) -> None:
        await self.append(RunCompleted(run_id=self.run_id, message_sequence=2, text="whole", deltas=deltas))


async def test_without_a_room_the_answer_is_400() -> None:
    device = Device("user_uid=u")
    await World().endpoint.serve(device.socket)
    assert (await device.message())["status"] == 400


async def test_deltas_that_never_come_are_replaced_by_the_text_of_the_log() -> None:
    world, device = World(), Device(f"room_uid={ROOM}")
    await world.ask()
    serving = asyncio.create_task(world.endpoint.serve(device.socket))
    assert (await device.message())["type"] == "websocket.accept"
    await world.tell([0, 1])
    assert [(await device.frame())["id"] for _ in range(2)] == ["2.1.1", "2.1.2"]
    await world.tell([3])
    await world.end(5)
    text, end = await device.frame(), await device.frame()
    assert text["data"]["chunk"]["model"]["messages"][0]["content"] == "whole"
    assert (text["id"], end["id"], end["event"]) == ("2.1.5", "2.1.6", "on_chain_end")
    device.leave()
    await serving


async def test_a_client_that_does_not_read_is_cut_off_alone() -> None:
    world = World(send_timeout=0.05)
    stuck, other = Device(f"room_uid={ROOM}", stuck=True), Device(f"room_uid={ROOM}")
    await world.ask()
    serving = [asyncio.create_task(world.endpoint.serve(device.socket)) for device in (stuck, other)]
    for device in (stuck, other):
        assert (await device.message())["type"] == "websocket.accept"
    await world.tell(range(5))
    closed = await stuck.message()
    assert (closed["type"], closed["code"]) == ("websocket.close", 1008)
    await serving[0]
    await world.end(5)
    assert [(await other.frame())["id"] for _ in range(6)][-1] == "2.1.6"
    other.leave()
    await serving[1]


async def test_a_turn_that_ends_while_a_client_connects_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    world, device = World(), Device(f"room_uid={ROOM}")
    await world.ask()
    tail = world.log.tail

    async def and_then_the_end(room: str) -> int:
        monkeypatch.undo()
        found = await tail(room)
        await world.end(0)
        return found

    monkeypatch.setattr(world.log, "tail", and_then_the_end)
    serving = asyncio.create_task(world.endpoint.serve(device.socket))
    assert (await device.message())["type"] == "websocket.accept"
    assert [(await device.frame())["event"] for _ in range(2)] == [CHAIN_START, CHAIN_END]
    device.leave()
    await serving


async def test_a_message_that_is_sent_again_gets_its_turn_again() -> None:
    world, device = World(), Device(f"room_uid={ROOM}")
    said = {"action": "sendmsg", "room_uid": ROOM, "msg": "hello", "message_id": "m1"}
    serving = asyncio.create_task(world.endpoint.serve(device.socket))
    assert (await device.message())["type"] == "websocket.accept"
    turns: list[list[dict[str, Any]]] = []
    for _ in range(2):
        device.say(said)
        if not turns:
            world.run_id = await world.said()
            await world.append(RunStarted(run_id=world.run_id, message_sequence=2))
            await world.end(0)
        turns.append([await device.frame() for _ in range(2)])
    assert turns[0] == turns[1]
    assert [frame["event"] for frame in turns[0]] == [CHAIN_START, CHAIN_END]
    device.leave()
    await serving


@pytest.mark.parametrize("waiting", [0, 7, 260], ids=lambda count: f"{count} wait")
async def test_the_state_of_a_long_room_is_that_of_all_its_events(waiting: int) -> None:
    world, device = World(), Device(f"room_uid={ROOM}&after=1.1.1")
    await world.append(ConversationStarted(responder_name="agent-runner", protocol="room"))
    for number in range(300):
        said = MessageReceived(addressee="agent-runner", text=f"{number}", protocol="room")
        answered = AnswerReceived(
            addressee="agent-runner",
            interrupt_id="i",
            protocol="octo",
            approve=True if number % 2 else None,
            response=None if number % 2 else "text",
        )
        await world.append(answered if number % 3 == 0 else said)
        place = {"run_id": f"{number}", "message_sequence": await world.log.tail(ROOM)}
        failed, done = RunFailed(**place, error="no"), RunCompleted(**place, text="whole")
        await world.append(RunStarted(**place), failed if number % 7 == 0 else done)
    for number in range(waiting):
        await world.append(MessageReceived(addressee="agent-runner", text=f"w{number}", protocol="room"))
    read = world.log.read
    counted: list[Recorded] = []

    async def counting(*asked: Any, **how: Any) -> AsyncIterator[Recorded]:
        async for event in read(*asked, **how):
            counted.append(event)
            yield event

    expected = state_of([event async for event in read(ROOM)])
    world.log.read = counting  # type: ignore[method-assign]  # only to count
    serving = asyncio.create_task(world.endpoint.serve(device.socket))
    assert (await device.message())["type"] == "websocket.accept"
    assert (await device.frame())["status"] == "resync"
    assert await device.frame() == json.loads(expected.model_dump_json())
    device.leave()
    await serving
    told = [event for event in counted if not isinstance(event.event, AnswerReceived)]
    assert waiting or len(told) < 350
