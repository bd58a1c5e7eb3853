"""An edge that is told to go closes what is open so that clients come again, and they find all as it was."""

import asyncio
import json
import os
import signal
from collections.abc import Iterator
from contextlib import AsyncExitStack, suppress
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.connection import Connection
from websockets.exceptions import ConnectionClosedError, InvalidStatus

SECONDS = 30.0
SERVICE_RESTART = 1012
ROOM = "roomDraining"
NAME = {"userId": "kim", "threadNum": "draining"}


@pytest.fixture(scope="module")
def rolling(tmp_path_factory: pytest.TempPathFactory, unused_port: Any, stack_runner: Any) -> Iterator[Any]:
    """A stack whose edges are told to go; they are started again."""
    with stack_runner(tmp_path_factory.mktemp("rolling"), unused_port) as stack:
        yield stack


def tell_to_go(stack: Any, service: str) -> None:
    (pid,) = [entry["pid"] for entry in stack.status() if entry["service"] == service]
    os.kill(pid, signal.SIGTERM)


async def come_again(address: str) -> Connection:
    """A connection, once there is an edge again."""
    while True:
        try:
            socket = await connect(address)
        except (InvalidStatus, OSError):
            await asyncio.sleep(0.05)
        else:
            return socket


async def until(socket: Connection, is_last: Any) -> list[dict[str, Any]]:
    frames: list[dict[str, Any]] = []
    while not frames or not is_last(frames[-1]):
        frames.append(json.loads(await socket.recv()))
    return frames


async def close_code(socket: Connection) -> int | None:
    with suppress(ConnectionClosedError):
        async for _ in socket:
            continue
    return socket.close_code


def is_end_of_turn(event: dict[str, Any]) -> bool:
    return event["event"] == "on_chain_end" and not event["parent_ids"]


async def test_websockets_are_told_to_come_again_and_go_on(rolling: Any) -> None:
    async with httpx.AsyncClient(base_url=rolling.url()) as client:
        session = (await client.post("/api/v1/chat/guest-sessions", json={})).json()["session_id"]
    base = rolling.url(scheme="ws")
    agent, octo = f"{base}/chat/draining", f"{base}/ws/draining-octo"
    room, voice = f"{base}/v3/?room_uid={ROOM}", f"{base}/api/v1/chat/ws/guest-chat/{session}"
    asked = json.dumps({"type": "client", "message": "get all contacts", "message_id": "m1"})
    said = json.dumps(
        {"action": "sendmsg", "org_id": "o", "room_uid": ROOM, "user_id": "u", "msg": "안녕 반가워요"}
    )
    async with asyncio.timeout(2 * SECONDS), AsyncExitStack() as stack:
        sockets = [
            await stack.enter_async_context(connect(address)) for address in (agent, octo, room, voice)
        ]
        talking, asking, visiting, calling = sockets
        await talking.send(asked)
        steps = await until(talking, lambda frame: frame["type"] == "message_end")
        await until(asking, lambda frame: frame.get("type") == "connection")
        await asking.send(json.dumps({"message": "계약서를 작성해주세요"}))
        question = (await until(asking, lambda frame: frame.get("type") == "hitl_request"))[-1]
        await visiting.send(said)
        turn = await until(visiting, is_end_of_turn)
        await calling.send(json.dumps({"type": "response.create"}))
        await until(calling, lambda frame: frame["type"] == "audio.done")

        await asyncio.to_thread(tell_to_go, rolling, "edge-ws")
        codes = await asyncio.gather(*(close_code(socket) for socket in sockets))
        assert codes == [SERVICE_RESTART] * len(sockets)

        again = await stack.enter_async_context(await come_again(agent))
        await again.send(asked)
        assert await until(again, lambda frame: frame["type"] == "message_end") == steps
        again = await stack.enter_async_context(await come_again(octo))
        assert (await until(again, lambda frame: frame.get("type") == "hitl_request"))[-1] == question
        again = await stack.enter_async_context(await come_again(f"{room}&after={turn[-1]['id']}"))
        await again.send(said)
        assert len(await until(again, is_end_of_turn)) >= len(turn) // 2
        again = await stack.enter_async_context(await come_again(voice))
        await again.send(json.dumps({"type": "disconnect"}))
        assert (await until(again, lambda frame: frame["type"] == "disconnected"))[-1]["report"]


async def test_an_event_stream_ends_and_is_resumed(rolling: Any) -> None:
    async def events(headers: dict[str, str]) -> list[str]:
        async with client.stream("GET", "/api/chat/stream", params=NAME, headers=headers) as stream:
            waiting.set()
            return [line async for line in stream.aiter_lines() if line.startswith(("id:", "data:"))]

    def said(number: int) -> dict[str, str]:
        return NAME | {"content": "안녕하세요", "timestamp": f"2024-01-15T10:30:0{number}.000Z"}

    waiting = asyncio.Event()
    async with (
        asyncio.timeout(2 * SECONDS),
        httpx.AsyncClient(base_url=rolling.url(), timeout=SECONDS) as client,
    ):
        (await client.post("/api/chat/send", json=said(1))).raise_for_status()
        first = await events({})
        last = {"Last-Event-ID": [line for line in first if line.startswith("id:")][-1][3:].strip()}
        waiting.clear()
        listening = asyncio.create_task(events(last))
        await waiting.wait()
        await asyncio.to_thread(tell_to_go, rolling, "edge-rest")
        assert await listening == []
        while (await client.get("/health")).status_code != httpx.codes.OK:
            await asyncio.sleep(0.05)
        (await client.post("/api/chat/send", json=said(2))).raise_for_status()
        second = await events(last)
    assert '"type":"complete"' in second[-1]
    assert first[0] not in second
