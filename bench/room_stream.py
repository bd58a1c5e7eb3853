"""What the way to the client adds to a token, and what many connections get: ``python bench/room_stream.py``.

One nats-server, one agent-runner and one edge-ws as processes of their own, all on this machine; the
`chat` graph with a model that takes no time (`room_events`), so that all the time is ours.
"""

import asyncio
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
from room_events import TOKENS, graph
from websockets.asyncio.client import ClientConnection, connect

BENCH = Path(__file__).parent
sys.path.insert(0, str(BENCH.parent))
from tests.ports import free_port  # noqa: E402 - the tests' own

from conftest import running_servers  # noqa: E402 - as above

TURNS = 30
ROOMS = 20
CONNECTIONS = 100
TURNS_EACH = 5
READY_SECONDS = 30
FRAMES = TOKENS + 13


@contextmanager
def service(module: str, folder: Path, nats: str) -> Iterator[int]:
    """A service process that is ready; its port."""
    port = free_port()
    environment = os.environ | {
        "PARLEY_HTTP_PORT": str(port),
        "PARLEY_NATS_URL": nats,
        "PARLEY_GRAPHS": "talker=room_events:graph",
        "PARLEY_ROOM_GRAPH": "talker",
        "PARLEY_NATS_REQUEST_TIMEOUT": "20",
        "PYTHONPATH": str(BENCH),
    }
    with (folder / f"{module}.log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", module], env=environment, stdout=log, stderr=log)
    try:
        began = time.perf_counter()
        while True:
            try:
                if httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200:
                    break
            except httpx.TransportError:
                if time.perf_counter() - began > READY_SECONDS:
                    raise
                time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(30)


async def in_process() -> float:
    """Seconds for the same graph, its messages streamed to a loop that does nothing with them."""
    began = time.perf_counter()
    asked: Any = {"messages": [("user", "go on")]}
    parts = [part async for part in graph.astream(asked, stream_mode="messages")]
    assert len(parts) >= TOKENS
    return time.perf_counter() - began


async def say(socket: ClientConnection, room: str) -> None:
    await socket.send(json.dumps({"action": "sendmsg", "room_uid": room, "user_id": "u", "msg": "go on"}))


async def turn(socket: ClientConnection) -> tuple[list[str], float]:
    """The ids of one turn's frames, and when the first token came."""
    ids: list[str] = []
    first = 0.0
    while True:
        frame = json.loads(await socket.recv())
        assert "id" in frame, frame
        ids.append(frame["id"])
        if not first and frame["event"] == "on_chat_model_stream":
            first = time.perf_counter()
        if frame["event"] == "on_chain_end" and not frame["parent_ids"]:
            return ids, first


async def one_room(url: str) -> None:
    alone = [await in_process() for _ in range(TURNS)]
    taken, firsts = [], []
    async with connect(f"{url}/v3/?room_uid=alone&user_uid=u", compression=None) as socket:
        for _ in range(TURNS):
            began = time.perf_counter()
            await say(socket, "alone")
            ids, first = await turn(socket)
            taken.append(time.perf_counter() - began)
            firsts.append(first - began)
            assert len(ids) == len(set(ids)) == FRAMES, len(ids)
    base, ours = (statistics.median(times) / TOKENS * 1e6 for times in (alone, taken))
    print(f"in one process: {base:.0f} µs a token; through the log to a client: {ours:.0f} µs a token")
    print(f"added: {ours - base:.0f} µs a token; first token after {statistics.median(firsts) * 1e3:.1f} ms")


async def many_rooms(url: str) -> None:
    async def watch(socket: ClientConnection) -> list[str]:
        return [identity for _ in range(TURNS_EACH) for identity in (await turn(socket))[0]]

    async def talk(socket: ClientConnection, room: str) -> list[str]:
        ids = []
        for _ in range(TURNS_EACH):
            await say(socket, room)
            ids += (await turn(socket))[0]
        return ids

    rooms = [f"room{number}" for number in range(ROOMS)]
    sockets = [
        await connect(f"{url}/v3/?room_uid={rooms[number % ROOMS]}&user_uid=u", compression=None)
        for number in range(CONNECTIONS)
    ]
    began = time.perf_counter()
    watching = [asyncio.create_task(watch(socket)) for socket in sockets[ROOMS:]]
    talking = [talk(socket, room) for socket, room in zip(sockets[:ROOMS], rooms, strict=True)]
    told = await asyncio.gather(*talking, *watching)
    elapsed = time.perf_counter() - began
    for number, ids in enumerate(told):
        assert len(ids) == len(set(ids)) == FRAMES * TURNS_EACH
        assert ids == told[number % ROOMS]
    for socket in sockets:
        await socket.close()
    frames = CONNECTIONS * TURNS_EACH * FRAMES
    print(f"{CONNECTIONS} connections over {ROOMS} rooms: {frames} frames in {elapsed:.1f} s,")
    print(f"{frames / elapsed:.0f} frames/s, none dropped, none twice, the same order for all")


def main() -> None:
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}, {TOKENS} tokens a turn")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (nats,) = stack.enter_context(running_servers(folder / "nats", 1))
        stack.enter_context(service("agent_runner", folder, nats.url))
        port = stack.enter_context(service("edge_ws", folder, nats.url))
        url = f"ws://127.0.0.1:{port}"
        asyncio.run(one_room(url))
        asyncio.run(many_rooms(url))


if __name__ == "__main__":
    main()
