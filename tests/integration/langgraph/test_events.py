"""A thread's event stream: by Server-Sent Events and by WebSocket, the same events with the same ids."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx
import pytest
from tests.integration.langgraph.streams import events_of
from websockets.asyncio.client import ClientConnection, connect

CHANNELS = ["values", "updates", "messages", "tools", "lifecycle", "input", "checkpoints", "tasks", "custom"]
SECONDS = 20


@pytest.fixture
async def http(url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=url, timeout=30) as client:
        yield client


async def command(http: httpx.AsyncClient, thread: str, method: str, **params: Any) -> dict[str, Any]:
    body = {"id": 1, "method": method, "params": params}
    answer: dict[str, Any] = (await http.post(f"/threads/{thread}/commands", json=body)).json()
    return answer


async def watched(http: httpx.AsyncClient, thread: str, until: str, **wanted: Any) -> list[dict[str, Any]]:
    """The events up to the one that says how the run ended."""
    body = {"channels": CHANNELS, **wanted}
    found: list[dict[str, Any]] = []
    async with (
        asyncio.timeout(SECONDS),
        http.stream("POST", f"/threads/{thread}/stream/events", json=body) as response,
    ):
        async for event in events_of(response):
            found.append(event["data"])
            if event["data"]["params"]["data"] == {"event": until, **_graph(event["data"])}:
                break
    return found


def _graph(event: dict[str, Any]) -> dict[str, Any]:
    data = event["params"]["data"]
    known = isinstance(data, dict) and "graph_name" in data and not event["params"]["namespace"]
    return {"graph_name": data["graph_name"]} if known else {}


async def test_all_channels_of_any_graph_alike_for_everybody(http: httpx.AsyncClient) -> None:
    thread = str(uuid4())
    live = asyncio.create_task(watched(http, thread, "completed"))
    said = {"messages": [{"type": "human", "content": "weather in Oslo", "id": "h1"}]}
    assert (await command(http, thread, "run.start", assistant_id="lgchat", input=said))["type"] == "success"
    seen = await live
    again = await watched(http, thread, "completed")
    assert [event["event_id"] for event in again] == [event["event_id"] for event in seen]
    numbers = [event["seq"] for event in seen]
    assert numbers == sorted(set(numbers))
    assert {event["method"] for event in seen} == set(CHANNELS) - {"input"}
    middle = numbers[len(numbers) // 2]
    rest = await watched(http, thread, "completed", since=middle)
    assert [event["seq"] for event in rest] == [number for number in numbers if number > middle]


async def test_subgraphs_have_namespaces(http: httpx.AsyncClient) -> None:
    thread = str(uuid4())
    said = {"messages": [{"type": "human", "content": "hi", "id": "h1"}]}
    await command(http, thread, "run.start", assistant_id="nest", input=said)
    every = await watched(http, thread, "completed")
    assert any(event["params"]["namespace"] for event in every)
    root = await watched(http, thread, "completed", namespaces=[[]], depth=0)
    assert not any(event["params"]["namespace"] for event in root)
    inner = await http.post(
        f"/threads/{thread}/stream/events", json={"channels": ["values"], "namespaces": "inner"}
    )
    assert inner.status_code == 400


@asynccontextmanager
async def opened(url: str, thread: str) -> AsyncIterator[ClientConnection]:
    async with connect(f"{url.replace('http', 'ws', 1)}/threads/{thread}/stream/events") as socket:
        yield socket


async def test_a_websocket_asks_and_is_answered(http: httpx.AsyncClient, url: str) -> None:
    thread = str(uuid4())
    async with opened(url, thread) as socket:
        await say(socket, 1, "run.start", assistant_id="ask", input={"text": "one"})
        await say(socket, 2, "subscription.subscribe", channels=["lifecycle", "input", "values"])
        asked = await until(socket, "input.requested")
        data = asked[-1]["params"]["data"]
        assert data["payload"] == data["value"]
        assert data["payload"]["question"] == "go on with one?"
        await until(socket, "lifecycle")
        await say(socket, 3, "input.respond", interrupt_id=data["interrupt_id"], response="yes")
        seen = await until(socket, "lifecycle", "completed")
        await say(socket, 4, "input.respond", interrupt_id=data["interrupt_id"], response="yes")
        assert (await until(socket, "error"))[-1]["error"] == "no_such_run"
        await say(socket, 5, "nope")
        assert (await until(socket, "error"))[-1]["error"] == "unknown_command"
    values = [event["params"]["data"] for event in seen if event.get("method") == "values"]
    assert values[-1]["log"] == ["prepared one", "answered yes", "finished"]
    by_http = await watched(http, thread, "completed")
    assert {event["event_id"] for event in seen if "event_id" in event} <= {
        event["event_id"] for event in by_http
    }


async def say(socket: ClientConnection, number: int, method: str, **params: Any) -> None:
    await socket.send(json.dumps({"id": number, "method": method, "params": params}))


async def until(socket: ClientConnection, kind: str, status: str | None = None) -> list[dict[str, Any]]:
    """All frames up to the first of a method or type, with a status."""
    frames: list[dict[str, Any]] = []
    async with asyncio.timeout(SECONDS):
        while True:
            frame = json.loads(await socket.recv())
            frames.append(frame)
            data = frame.get("params", {}).get("data", {})
            if kind in (frame.get("method"), frame["type"]) and status in (None, data.get("event")):
                return frames
