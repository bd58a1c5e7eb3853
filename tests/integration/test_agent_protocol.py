"""The agent protocol, spoken to the running stack by a client that knows only the protocol page."""

import asyncio
import csv
import json
from ast import literal_eval
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

TURN_SECONDS = 20
RETRIED = (OSError, InvalidHandshake, ConnectionClosed, TimeoutError, httpx.HTTPError, AssertionError)


class Client:
    """Sends messages on one chat and collects what comes back for each."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def say(self, message: str, message_id: str) -> None:
        await self.socket.send(json.dumps({"type": "client", "message": message, "message_id": message_id}))

    async def receive(self) -> dict[str, Any]:
        async with asyncio.timeout(TURN_SECONDS):
            frame: dict[str, Any] = json.loads(await self.socket.recv())
            return frame

    async def turn(self, message: str, message_id: str) -> list[dict[str, Any]]:
        await self.say(message, message_id)
        return await self.until_end()

    async def until_end(self) -> list[dict[str, Any]]:
        frames = [await self.receive()]
        while frames[-1]["type"] == "agent_step":
            frames.append(await self.receive())
        return frames


@pytest.fixture
def chat_id() -> str:
    return f"chat {uuid4()} 대화"


def address(stack: Any, chat_id: str) -> str:
    return f"{stack.url('PARLEY_AGENT_WS_PORT', 'ws')}/chat/{quote(chat_id)}"


async def history(stack: Any, chat_id: str) -> list[dict[str, Any]]:
    async with httpx.AsyncClient(timeout=TURN_SECONDS) as client:
        answer = await client.get(f"{stack.url()}/history/{quote(chat_id)}")
    assert answer.status_code == 200, answer.text
    entries: list[dict[str, Any]] = answer.json()
    return entries


async def test_get_all_contacts(stack: Any, chat_id: str) -> None:
    async with connect(address(stack, chat_id)) as socket:
        frames = await Client(socket).turn("get all contacts", "abc123")

    *steps, end = frames
    assert end == {"type": "message_end", "message_id": "abc123", "chat_id": chat_id}
    assert [step["step_type"] for step in steps] == ["PlanningStep", "ActionStep", "FinalAnswerStep"]
    assert all((step["message_id"], step["chat_id"]) == ("abc123", chat_id) for step in steps)
    logs, _, last = steps[1]["message"].partition("\nLast output: ")
    assert logs.startswith("Execution logs:")
    rows = literal_eval(steps[2]["message"])
    assert len(rows) >= 10
    assert all(row["name"] and "@" in row["email"] for row in rows)
    assert rows[0]["email"] in last

    told = await history(stack, chat_id)
    assert [(entry["role"], entry["step_type"]) for entry in told] == [
        ("user", None),
        ("agent", "PlanningStep"),
        ("agent", "ActionStep"),
        ("agent", "FinalAnswerStep"),
    ]
    assert told[0]["content"] == "get all contacts"
    assert [entry["content"] for entry in told[1:]] == [step["message"] for step in steps]


async def test_a_message_id_sent_again_is_answered_from_the_log(stack: Any, chat_id: str) -> None:
    async with connect(address(stack, chat_id)) as socket:
        first = await Client(socket).turn("get all contacts", "abc123")
        again = await Client(socket).turn("get all contacts", "abc123")
    async with connect(address(stack, chat_id)) as socket:
        later = await Client(socket).turn("get all contacts", "abc123")
    assert first == again == later
    assert len(await history(stack, chat_id)) == 4


async def test_several_messages_at_once_are_answered_in_order(stack: Any, chat_id: str) -> None:
    async with connect(address(stack, chat_id)) as socket:
        client = Client(socket)
        for number in range(5):
            await client.say("get all contacts", f"m{number}")
        ends = [(await client.until_end())[-1] for _ in range(5)]
    assert [end["message_id"] for end in ends] == [f"m{number}" for number in range(5)]


@pytest.mark.parametrize(
    "frame",
    [
        "no json",
        '{"type":"client","message_id":"a"}',
        '{"type":"client","message":7,"message_id":"a"}',
        '{"type":"unknown","message":"x","message_id":"a"}',
        '{"type":"client","message":"","message_id":"a"}',
        json.dumps({"type": "client", "message": "x" * (2 << 20), "message_id": "a"}),
        b"\x00\x01",
    ],
    ids=["not JSON", "a field is missing", "wrong type", "unknown type", "empty", "2 MB", "binary"],
)
async def test_bad_frames_get_an_error_and_the_connection_goes_on(
    stack: Any, chat_id: str, frame: str | bytes
) -> None:
    async with connect(address(stack, chat_id)) as socket:
        client = Client(socket)
        await socket.send(frame)
        error = await client.receive()
        assert error["type"] == "agent_error"
        assert error["chat_id"] == chat_id
        assert error["error"]
        assert (await client.turn("get all contacts", "good"))[-1]["type"] == "message_end"
    assert len(await history(stack, chat_id)) == 4


async def test_a_chat_id_that_is_too_long_is_refused(stack: Any) -> None:
    async with connect(address(stack, "x" * 500)) as socket:
        error = await Client(socket).receive()
        assert error["type"] == "agent_error"
        assert "chat_id" in error["error"]
        await socket.wait_closed()
        assert socket.close_code == 1008
    async with httpx.AsyncClient() as client:
        assert (await client.get(f"{stack.url()}/history/{'x' * 500}")).status_code == 422


async def test_an_unknown_chat_has_an_empty_history(stack: Any, chat_id: str) -> None:
    assert await history(stack, chat_id) == []


async def test_agent_run_keeps_nothing(stack: Any, chat_id: str) -> None:
    async with httpx.AsyncClient(timeout=TURN_SECONDS) as client:
        url = f"{stack.url('PARLEY_AGENT_RUN_PORT')}/agent/run"
        answer = await client.post(url, json={"chat_id": chat_id, "task": "get all contacts"})
        assert answer.status_code == 200
        steps = answer.json()
        assert [step["step_type"] for step in steps] == ["PlanningStep", "ActionStep", "FinalAnswerStep"]
        assert literal_eval(steps[-1]["content"])[0]["name"]
        bodies: list[Any] = [{}, {"task": 7}, {"task": ""}, [], {"task": "x", "chat_id": "x" * 500}]
        for body in bodies:
            refused = await client.post(url, json=body)
            assert 400 <= refused.status_code < 500
            assert refused.json()["detail"]
    assert await history(stack, chat_id) == []


async def test_a_tool_that_raises_ends_the_run_with_an_answer(stack: Any, chat_id: str) -> None:
    async with connect(address(stack, chat_id)) as socket:
        frames = await Client(socket).turn("read document doc-123456abcdef", "m1")
    assert frames[-1]["type"] == "message_end"
    assert frames[-2]["step_type"] == "FinalAnswerStep"
    assert "doc-123456abcdef" in frames[-2]["message"] + frames[-3]["message"]


def sales_of_2023() -> int:
    """The year's revenue, added up without any of our code."""
    found = list(Path(__file__).parents[2].glob("services/agent-runner/src/**/sales_2023.csv"))
    with found[0].open(encoding="utf-8") as file:
        return sum(int(row["revenue"]) for row in csv.DictReader(file))


async def test_an_analysis_of_the_sales_has_the_right_numbers(stack: Any, chat_id: str) -> None:
    async with connect(address(stack, chat_id)) as socket:
        frames = await Client(socket).turn("2023년 매출 데이터를 분석해주세요", "m1")
    assert frames[-1]["type"] == "message_end"
    assert frames[0]["step_type"] == "PlanningStep"
    assert frames[-2]["step_type"] == "FinalAnswerStep"
    assert f"{sales_of_2023():,}" in frames[-2]["message"]


async def test_restarting_everything_keeps_the_history_and_the_conversation(own_stack: Any) -> None:
    chat_id = "kept 대화"
    async with connect(address(own_stack, chat_id)) as socket:
        first = await Client(socket).turn("get all contacts", "m1")
    before = await history(own_stack, chat_id)
    assert await asyncio.to_thread(own_stack.stop) == 0
    await asyncio.to_thread(own_stack.start)
    assert await history(own_stack, chat_id) == before
    async with connect(address(own_stack, chat_id)) as socket:
        client = Client(socket)
        assert await client.turn("get all contacts", "m1") == first
        assert (await client.turn("what did I ask before?", "m2"))[-1]["type"] == "message_end"
    assert len(await history(own_stack, chat_id)) > len(before)


@pytest.mark.parametrize(
    "service", ["nats-server", "agent-runner", "history-store", "edge-ws", "edge-rest", "gateway"]
)
async def test_a_killed_service_comes_back_and_nothing_is_lost(own_stack: Any, service: str) -> None:
    chat_id = f"killed {service}"
    async with connect(address(own_stack, chat_id)) as socket:
        await Client(socket).turn("get all contacts", "m1")
    before = await history(own_stack, chat_id)
    await asyncio.to_thread(own_stack.kill, service)
    told = await eventually(own_stack, chat_id, "m2")
    assert told[: len(before)] == before
    assert [entry["role"] for entry in told].count("user") == 2


async def eventually(stack: Any, chat_id: str, message_id: str) -> list[dict[str, Any]]:
    """Send a message as a client does that connects again and sends the same until it is answered."""
    async with asyncio.timeout(60):
        while True:
            try:
                async with connect(address(stack, chat_id), open_timeout=5) as socket:
                    frames = await Client(socket).turn("get all contacts", message_id)
                if frames[-1]["type"] == "message_end":
                    return await history(stack, chat_id)
            except (
                OSError,
                InvalidHandshake,
                ConnectionClosed,
                TimeoutError,
                httpx.HTTPError,
                AssertionError,
            ):
                await asyncio.sleep(0.2)


async def test_a_graph_of_ones_own_answers(
    tmp_path: Path, unused_port: Callable[[], int], stack_runner: Any
) -> None:
    example = Path(__file__).parents[2] / "examples" / "own_graph"
    variables = {
        "PYTHONPATH": str(example),
        "PARLEY_GRAPHS": "shout=shout:builder",
        "PARLEY_AGENT_GRAPH": "shout",
    }
    with ExitStack() as exits:
        running = stack_runner(tmp_path / "own", unused_port, **variables)
        own = await asyncio.to_thread(exits.enter_context, running)
        async with connect(address(own, "mine")) as socket:
            frames = await Client(socket).turn("hi all", "m1")
        await asyncio.to_thread(exits.close)
    assert [frame["type"] for frame in frames] == ["agent_step", "agent_step", "message_end"]
    assert frames[1]["message"] == "HI ALL! (2 words)"
