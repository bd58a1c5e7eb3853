"""The room protocol, spoken to the running stack by a client that knows only the protocol page."""

import asyncio
import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

TURN_SECONDS = 20
QUIET_SECONDS = 0.3
VECTOR = Path(__file__).parents[1] / "contracts" / "vectors" / "room-turn.jsonl"
GREETING = "안녕 반가워요"
ANALYSIS = "2023년 매출 데이터를 분석해주세요"

Frame = dict[str, Any]


class Client:
    """A device in a room."""

    def __init__(self, socket: ClientConnection, room: str) -> None:
        self.socket = socket
        self.room = room

    async def send(self, **frame: Any) -> None:
        await self.socket.send(json.dumps(frame))

    async def say(self, text: str) -> None:
        await self.send(action="sendmsg", org_id="o", room_uid=self.room, user_id="u", msg=text)

    async def receive(self) -> Frame:
        async with asyncio.timeout(TURN_SECONDS):
            frame: Frame = json.loads(await self.socket.recv())
            return frame

    async def until(self, last: Callable[[Frame], bool]) -> list[Frame]:
        frames = [await self.receive()]
        while not last(frames[-1]):
            frames.append(await self.receive())
        return frames

    async def until_end(self) -> list[Frame]:
        return await self.until(is_end)

    async def turn(self, text: str) -> list[Frame]:
        await self.say(text)
        return await self.until_end()

    async def is_quiet(self) -> bool:
        try:
            async with asyncio.timeout(QUIET_SECONDS):
                await self.socket.recv()
        except TimeoutError:
            return True
        return False


def is_end(frame: Frame) -> bool:
    return frame.get("event") in {"on_chain_end", "on_chain_error"} and not frame["parent_ids"]


def is_token(frame: Frame) -> bool:
    return frame.get("event") == "on_chat_model_stream"


@pytest.fixture
def room() -> str:
    return uuid4().hex[:12]


def address(stack: Any, room: str, **query: str) -> str:
    rest = "".join(f"&{name}={value}" for name, value in query.items())
    return f"{stack.url(scheme='ws')}/v3/?room_uid={room}&user_uid=u{rest}"


def shape(value: Any) -> Any:
    """Types and fields only: what two turns have in common."""
    if isinstance(value, dict):
        return {name: shape(item) for name, item in value.items()}
    if isinstance(value, list):
        return [shape(item) for item in value]
    return type(value).__name__


def outline(frames: list[Frame]) -> list[Any]:
    """Names, relations and shapes: runs and steps numbered from the first, all tokens as one."""
    runs: dict[str, int] = {}
    steps = [int(tag.rsplit(":", 1)[1]) for f in frames for tag in f["tags"] if tag.startswith("graph:step:")]

    def tag_of(tag: str) -> str:
        match = re.fullmatch(r"graph:step:(\d+)", tag)
        return f"graph:step:+{int(match[1]) - steps[0]}" if match else tag

    lines = [
        [
            frame["event"],
            runs.setdefault(frame["run_id"], len(runs)),
            [runs[parent] for parent in frame["parent_ids"]],
            [tag_of(tag) for tag in frame["tags"]],
            shape(frame["data"]),
        ]
        for frame in frames
    ]
    return [line for line, before in zip(lines, [None, *lines], strict=False) if line != before]


def text_of(frames: list[Frame]) -> str:
    return "".join(frame["data"]["chunk"]["content"] for frame in frames if is_token(frame))


def first_step(frames: list[Frame]) -> int:
    return int(frames[1]["tags"][0].removeprefix("graph:step:"))


async def test_a_greeting_has_the_shape_of_the_original_services_turn(stack: Any, room: str) -> None:
    expected = [json.loads(line) for line in VECTOR.read_text().splitlines()]
    async with connect(address(stack, room)) as socket:
        frames = await Client(socket, room).turn(GREETING)

    assert outline(frames) == outline(expected)
    assert all(set(frame) == {"event", "data", "run_id", "parent_ids", "tags", "id"} for frame in frames)
    assert all(UUID(frame["run_id"]) for frame in frames)
    assert len({frame["id"] for frame in frames}) == len(frames)
    assert len([frame for frame in frames if is_token(frame)]) > 1
    whole = {"role": "assistant", "content": text_of(frames), "tool_calls": None}
    assert frames[-4]["data"] == {"chunk": {"messages": [whole]}}
    assert frames[-2]["data"] == {"chunk": {"model": {"messages": [whole]}}}


async def test_tools_appear_between_start_and_end(stack: Any, room: str) -> None:
    async with connect(address(stack, room)) as socket:
        frames = await Client(socket, room).turn(ANALYSIS)

    started = [frame for frame in frames if frame["event"] == "on_tool_start"]
    ended = [frame for frame in frames if frame["event"] == "on_tool_end"]
    assert started
    assert [frame["run_id"] for frame in started] == [frame["run_id"] for frame in ended]
    assert all(frame["parent_ids"][0] == frames[0]["run_id"] for frame in started)
    assert all(frame["data"] == {} for frame in started + ended)
    open_runs: set[str] = set()
    for frame in frames:
        assert set(frame["parent_ids"]) <= open_runs
        if frame["event"].endswith("_start"):
            open_runs.add(frame["run_id"])
        else:
            assert frame["run_id"] in open_runs
    assert "합계" in frames[-2]["data"]["chunk"]["model"]["messages"][0]["content"]


async def test_steps_go_on_over_turns_connections_and_restarts(own_stack: Any, room: str) -> None:
    steps = []
    for restarts in (False, True, False):
        async with connect(address(own_stack, room)) as socket:
            client = Client(socket, room)
            steps += [first_step(await client.turn(GREETING)), first_step(await client.turn(GREETING))]
        if restarts:
            own_stack.stop()
            await asyncio.to_thread(own_stack.start)
    assert steps == list(range(0, 18, 3))


async def test_status(stack: Any, room: str) -> None:
    async with connect(address(stack, room)) as socket:
        client = Client(socket, room)
        await client.send(action="status")
        answer = await client.receive()
    assert set(answer) == {"status", "connection_id", "msgtype"}
    assert (answer["status"], answer["msgtype"]) == ("connected", "info")
    assert len(answer["connection_id"]) == len("dGQ-hd9UoE0CEFQ=")
    assert len(urlsafe_b64decode(answer["connection_id"])) == 11


async def test_all_devices_see_the_same_frames(stack: Any, room: str) -> None:
    async with connect(address(stack, room)) as one, connect(address(stack, room)) as other:
        sender, watcher = Client(one, room), Client(other, room)
        await sender.say(GREETING)
        await watcher.say("thank you")
        seen = [await client.until_end() + await client.until_end() for client in (sender, watcher)]
    assert seen[0] == seen[1]


async def test_a_device_that_joins_between_turns_sees_no_old_ones(stack: Any, room: str) -> None:
    async with connect(address(stack, room)) as socket:
        await Client(socket, room).turn(GREETING)
    async with connect(address(stack, room)) as socket:
        client = Client(socket, room)
        assert await client.is_quiet()
        assert text_of(await client.turn(GREETING))


async def test_resuming_after_any_frame_gives_exactly_the_rest(stack: Any, room: str) -> None:
    async with connect(address(stack, room)) as socket:
        client = Client(socket, room)
        frames = await client.turn(GREETING) + await client.turn("thank you")
    for number, frame in enumerate(frames[:-1], start=1):
        async with connect(address(stack, room, after=frame["id"])) as socket:
            client = Client(socket, room)
            rest = [await client.receive() for _ in frames[number:]]
            assert rest == frames[number:], f"after frame {number}"
    async with connect(address(stack, room, after=frames[-1]["id"])) as socket:
        assert await Client(socket, room).is_quiet()


async def test_resuming_in_mid_turn_goes_on_with_it(stack: Any, room: str) -> None:
    async with connect(address(stack, room)) as one:
        watcher = Client(one, room)
        await watcher.say(ANALYSIS)
        begun = await watcher.until(lambda frame: frame["event"] == "on_tool_start")
        async with connect(address(stack, room, after=begun[4]["id"])) as other:
            rest = await Client(other, room).until_end()
        assert begun[:5] + rest == begun + await watcher.until_end()


@pytest.mark.parametrize(
    "unknown",
    [
        "unknown",
        "7",
        "999999999.1.3",
        "{message}.1.999",
        "{message}.2.1",
        "{message}.1",
        "{message}.1.x",
        "*.1.1",
    ],
)
async def test_an_unknown_id_gets_the_state_instead(stack: Any, room: str, unknown: str) -> None:
    async with connect(address(stack, room)) as socket:
        frames = await Client(socket, room).turn(GREETING)
    after = unknown.replace("{message}", frames[0]["id"].split(".")[0])
    async with connect(address(stack, room, after=after)) as socket:
        client = Client(socket, room)
        assert await client.receive() == {"status": "resync", "msgtype": "info"}
        state = await client.receive()
        assert (state["status"], state["msgtype"]) == ("state", "info")
        assert [(message["role"], message["content"]) for message in state["messages"]] == [
            ("user", GREETING),
            ("assistant", text_of(frames)),
        ]
        assert state["id"] == frames[-1]["id"]
        assert await client.is_quiet()
        assert text_of(await client.turn(GREETING))


async def test_an_expired_id_gets_the_state_instead(own_stack: Any, room: str) -> None:
    async with connect(address(own_stack, room)) as socket:
        frames = await Client(socket, room).turn(GREETING)
    own_stack.stop()
    await asyncio.to_thread(own_stack.start)
    async with connect(address(own_stack, room, after=frames[5]["id"])) as socket:
        client = Client(socket, room)
        assert (await client.receive())["status"] == "resync"
        assert len((await client.receive())["messages"]) == 2
    async with connect(address(own_stack, room, after=frames[-1]["id"])) as socket:
        client = Client(socket, room)
        assert await client.is_quiet()
        assert text_of(await client.turn(GREETING))


@pytest.mark.parametrize(
    "frame",
    [
        "no json",
        "[]",
        "{}",
        '{"action":"unknown"}',
        '{"action":"sendmsg","org_id":"o","user_id":"u","msg":"x"}',
        '{"action":"sendmsg","org_id":"o","room_uid":"{room}","user_id":"u"}',
        '{"action":"sendmsg","org_id":"o","room_uid":"{room}","user_id":"u","msg":7}',
        '{"action":"sendmsg","org_id":"o","room_uid":"{room}","user_id":"u","msg":" "}',
        '{"action":"sendmsg","org_id":"o","room_uid":"another12345","user_id":"u","msg":"x"}',
        json.dumps({"action": "sendmsg", "room_uid": "{room}", "msg": "x" * (2 << 20)}),
        b"\x00\x01",
    ],
    ids=[
        "not JSON", "no object", "empty", "unknown action", "no room", "no message", "not a text", "blank",
        "another room", "2 MB", "binary",
    ],
)  # fmt: skip
async def test_what_is_not_understood_gets_an_error_and_the_connection_goes_on(
    stack: Any, room: str, frame: str | bytes
) -> None:
    async with connect(address(stack, room)) as socket:
        client = Client(socket, room)
        await socket.send(frame.replace("{room}", room) if isinstance(frame, str) else frame)
        error = await client.receive()
        assert set(error) == {"status", "msgtype", "message"}
        assert (error["status"], error["msgtype"]) == ("error", "error")
        assert error["message"]
        assert text_of(await client.turn(GREETING))


@pytest.mark.parametrize("query", ["", "room_uid=", f"room_uid={'x' * 129}", "room_uid=a%00b", "user_uid=u"])
async def test_without_a_usable_room_the_connection_is_refused(stack: Any, query: str) -> None:
    for path in ("/v3/", "/v3"):
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"{stack.url(scheme='ws')}{path}?{query}")
        assert refused.value.response.status_code == 400


async def test_new_rooms_are_never_the_same(stack: Any) -> None:
    async with httpx.AsyncClient() as client:
        answers = [await client.get(f"{stack.url()}/v3/room/uid/") for _ in range(50)]
        answers += [await client.get(f"{stack.url()}/v3/room/uid") for _ in range(2)]
    uids = [answer.json()["room_uid"] for answer in answers]
    assert all(set(answer.json()) == {"room_uid"} for answer in answers)
    assert all(re.fullmatch("[A-Za-z0-9]{12}", uid) for uid in uids)
    assert len(set(uids)) == len(uids)


async def test_the_room_is_the_same_conversation_everywhere(stack: Any, room: str) -> None:
    async with connect(address(stack, room)) as socket:
        frames = await Client(socket, room).turn(GREETING)
    async with httpx.AsyncClient(timeout=TURN_SECONDS) as client:
        answer = await client.get(f"{stack.url()}/history/{room}")
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert [(entry["role"], entry["content"]) for entry in told] == [
        ("user", GREETING),
        ("agent", text_of(frames)),
    ]


async def test_a_message_by_another_protocol_is_seen_in_the_room(stack: Any, room: str) -> None:
    agent = f"{stack.url('PARLEY_AGENT_WS_PORT', 'ws')}/chat/{room}"
    async with connect(address(stack, room)) as socket, connect(agent) as other:
        client = Client(socket, room)
        await client.turn(GREETING)
        await other.send(json.dumps({"type": "client", "message": "thank you", "message_id": "m1"}))
        frames = await client.until_end()
    assert frames[0]["event"] == "on_chain_start"
    assert "welcome" in text_of(frames)
