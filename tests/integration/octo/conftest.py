"""Clients of the octo protocol that know only the protocol page."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import quote, urlencode
from uuid import uuid4

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect

TURN_SECONDS = 20
Frame: TypeAlias = dict[str, Any]


class Client:
    """One WebSocket."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def send(self, frame: Any) -> None:
        await self.socket.send(frame if isinstance(frame, str | bytes) else json.dumps(frame))

    async def receive(self) -> Frame:
        async with asyncio.timeout(TURN_SECONDS):
            frame: Frame = json.loads(await self.socket.recv())
            return frame

    async def until(self, *types: str) -> list[Frame]:
        """All frames up to the first of these types."""
        frames = [await self.receive()]
        while frames[-1].get("type") not in types:
            frames.append(await self.receive())
        return frames

    async def turn(self, frame: Any) -> list[Frame]:
        await self.send(frame)
        return await self.until("final", "hitl_request", "error")

    async def say(self, message: str, **more: Any) -> Frame:
        """The frame that ends the turn."""
        return (await self.turn({"message": message, **more}))[-1]


Connect: TypeAlias = Callable[..., AbstractAsyncContextManager[Client]]


def connector(stack: Any) -> Connect:
    """Connects to the stack, and takes the first frame."""

    @asynccontextmanager
    async def opened(session: str, *, path: str = "ws", **query: str) -> AsyncIterator[Client]:
        url = f"{stack.url(scheme='ws')}/{path}/{quote(session)}?{urlencode(query)}"
        async with connect(url, max_size=None) as socket:
            client = Client(socket)
            assert await client.receive() == {
                "type": "connection",
                "session_id": session,
                "message": "WebSocket 연결됨",
            }
            yield client

    return opened


@pytest.fixture
def open_socket(stack: Any) -> Connect:
    return connector(stack)


@pytest.fixture
def connect_to() -> Callable[[Any], Connect]:
    """Connects to a stack of one's own."""
    return connector


@pytest.fixture
def restart() -> Callable[[Any], Awaitable[None]]:
    """Stops everything and starts it again, on the same ports and data."""

    async def again(stack: Any) -> None:
        await asyncio.to_thread(stack.stop)
        await asyncio.to_thread(stack.start)

    return again


@pytest.fixture
async def rest(stack: Any) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=stack.url(), timeout=TURN_SECONDS) as client:
        yield client


@pytest.fixture
def session() -> str:
    return f"세션 {uuid4()}"


@pytest.fixture(scope="session")
def gated_stack(
    tmp_path_factory: pytest.TempPathFactory, unused_port: Callable[[], int], stack_runner: Any
) -> Iterator[Any]:
    """A stack whose octo sessions are answered by the graph in ``graphs/gated.py``."""
    environment = {
        "PYTHONPATH": str(Path(__file__).parent / "graphs"),
        "PARLEY_GRAPHS": "gated=gated:build",
        "PARLEY_OCTO_GRAPH": "gated",
    }
    with stack_runner(tmp_path_factory.mktemp("gated"), unused_port, **environment) as running:
        yield running


@pytest.fixture
def open_gated(gated_stack: Any) -> Connect:
    return connector(gated_stack)


@pytest.fixture
async def gated_rest(gated_stack: Any) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=gated_stack.url(), timeout=TURN_SECONDS) as client:
        yield client
