"""The agent protocol, spoken to the running stack by a client that knows only the protocol page."""

import asyncio
import json
from ast import literal_eval
from typing import Any
from uuid import uuid4

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect

TURN_SECONDS = 20


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
    return f"{stack.url('PARLEY_AGENT_WS_PORT', 'ws')}/chat/{chat_id}"


async def history(stack: Any, chat_id: str) -> list[dict[str, Any]]:
    async with httpx.AsyncClient(timeout=TURN_SECONDS) as client:
        answer = await client.get(f"{stack.url()}/history/{chat_id}")
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
        for body in ({}, {"task": 7}, {"task": ""}, [], {"task": "x", "chat_id": "x" * 500}):
            refused = await client.post(url, json=body)
            assert 400 <= refused.status_code < 500
            assert refused.json()["detail"]
    assert await history(stack, chat_id) == []


async def test_a_tool_that_raises_ends_the_run_with_an_answer(stack: Any, chat_id: str) -> None:
    async with connect(address(stack, chat_id)) as socket:
        frames = await Client(socket).turn("describe the dataset no_such_dataset", "m1")
    assert frames[-1]["type"] == "message_end"
    assert frames[-2]["step_type"] == "FinalAnswerStep"
    assert "no_such_dataset" in frames[-2]["message"] + frames[-3]["message"]
