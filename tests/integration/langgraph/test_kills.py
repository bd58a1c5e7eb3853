"""A process is killed while somebody looks on: pages and WebSockets go on where they were."""

import asyncio
import json
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any
from uuid import uuid4

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

SECONDS = 60.0
SPOKEN = " ".join(f"w{number}" for number in range(15))


@pytest.fixture(scope="module")
def harmed(
    stack_runner: Callable[..., AbstractContextManager[Any]],
    graphs_environment: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
    unused_port: Callable[[], int],
) -> Iterator[Any]:
    """A stack whose processes are killed; its supervisor starts them again."""
    folder = tmp_path_factory.mktemp("harmed")
    with stack_runner(folder, unused_port, **graphs_environment) as running:
        yield running


def kill(stack: Any, service: str) -> None:
    (pid,) = [each["pid"] for each in stack.status() if each["service"] == service]
    os.kill(pid, signal.SIGKILL)


async def until_busy(url: str, page: Future[Any]) -> None:
    """Wait until a run goes on; a page that ended before says why."""
    async with httpx.AsyncClient(base_url=url, timeout=20) as client, asyncio.timeout(SECONDS):
        while True:
            if (await client.post("/threads/search", json={"status": "busy"})).json():
                return
            assert not page.done(), page.result()
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("service", ["agent-runner", "edge-rest"])
@pytest.mark.parametrize("generation", ["legacy", pytest.param("current", marks=pytest.mark.slow)])
def test_a_page_goes_on(generation: str, service: str, node: Callable[..., Any], harmed: Any) -> None:
    url = harmed.url("PARLEY_LANGGRAPH_PORT")
    with ThreadPoolExecutor(1) as beside:
        page = beside.submit(node, "hooks.mjs", url, "lgchat", generation, "slow 15")
        asyncio.run(until_busy(url, page))
        kill(harmed, service)
        shown = page.result()
    assert shown["error"] is None
    assert shown["messages"] == [["human", "slow 15"], ["ai", SPOKEN]]


async def test_a_websocket_is_opened_again_and_goes_on(harmed: Any) -> None:
    url = f"{harmed.url('PARLEY_LANGGRAPH_PORT', 'ws')}/threads/{uuid4()}/stream/events"
    said = {"messages": [{"type": "human", "content": "slow 15", "id": "h1"}]}
    start = {"assistant_id": "lgchat", "input": said}
    wanted = {"channels": ["lifecycle", "messages", "values"]}
    events: list[dict[str, Any]] = []
    begun: dict[str, Any] = {}
    async with asyncio.timeout(SECONDS):
        while not events or events[-1]["params"]["data"].get("event") != "completed":
            try:
                async with connect(url) as socket:
                    if not begun:
                        begun = await command(socket, 1, "run.start", start)
                    behind = {"since": events[-1]["seq"]} if events else {}
                    await command(socket, 2, "subscription.subscribe", wanted | behind)
                    async for text in socket:
                        frame = json.loads(text)
                        if frame["type"] != "event":
                            continue
                        events.append(frame)
                        if len(events) == 8:
                            await asyncio.to_thread(kill, harmed, "edge-ws")
                        if frame["params"]["data"].get("event") == "completed":
                            break
            except (ConnectionClosed, InvalidStatus, OSError, TimeoutError):
                await asyncio.sleep(0.1)
    places = [event["seq"] for event in events]
    assert places == sorted(set(places))
    texts = [event["params"]["data"].get("delta", {}).get("text", "") for event in events]
    assert "".join(texts) == SPOKEN
    async with connect(url) as socket:
        await command(socket, 1, "subscription.subscribe", wanted)
        again = [json.loads(await socket.recv()) for _ in events]
    assert again == events


async def command(socket: Any, number: int, method: str, params: dict[str, Any]) -> Any:
    """The result of a command; it is answered before any event is sent."""
    await socket.send(json.dumps({"id": number, "method": method, "params": params}))
    answer = json.loads(await socket.recv())
    assert (answer.get("id"), answer["type"]) == (number, "success"), answer
    return answer["result"]
