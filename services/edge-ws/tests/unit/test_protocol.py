"""The server's side of WebSockets, over real sockets."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any

import pytest
import uvicorn
from websockets.asyncio.client import connect
from websockets.frames import Frame, Opcode

from edge_ws.protocol import bounded
from edge_ws.settings import EdgeSettings

BOUND_SECONDS = 20.0
KEPT = 100_000
Message = MutableMapping[str, Any]


async def echo(
    scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    """Sends back what it gets."""
    if scope["type"] != "websocket":
        return
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message.get("text"), "bytes": message.get("bytes")})


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """Where a server listens that keeps 100 kB an address for a second."""
    protocol = bounded(EdgeSettings(message_timeout=1.0, unfinished_per_address=KEPT))
    config = uvicorn.Config(echo, lifespan="off", log_config=None, ws=protocol, ws_per_message_deflate=False)
    server = uvicorn.Server(config)
    listener = socket.create_server(("127.0.0.1", 0))
    serving = asyncio.create_task(server._serve([listener]))
    async with asyncio.timeout(BOUND_SECONDS):
        yield listener.getsockname()[1]
    server.should_exit = server.force_exit = True
    await serving
    assert not protocol.unfinished


def fragment(content: bytes, *, opcode: Opcode = Opcode.CONT, fin: bool = False) -> bytes:
    """A client's frame."""
    return Frame(opcode, content, fin).serialize(mask=True)


def upgrade(*headers: str, target: str = "/") -> bytes:
    """A handshake."""
    lines = (
        f"GET {target} HTTP/1.1",
        "Host: test",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        *headers,
    )
    return "\r\n".join([*lines, "", ""]).encode()


@contextlib.asynccontextmanager
async def opened(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A WebSocket whose frames are written by hand."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(upgrade())
    assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
    yield reader, writer
    writer.close()


@pytest.mark.parametrize(
    "head",
    [
        upgrade(f"X: {'x' * 9000}"),
        upgrade(target="/" + "x" * 9000),
        upgrade(*(f"X-{number}: x" for number in range(130))),
    ],
    ids=["header", "target", "headers"],
)
async def test_a_head_that_is_too_large_gets_an_answer(port: int, head: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head)
    answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert answer.endswith(b'{"detail": "at most 128 headers, and 8192 bytes a line"}')
    writer.close()


async def test_fragments_make_a_message(port: int) -> None:
    async with connect(f"ws://127.0.0.1:{port}/") as client:
        await client.send(["안", "녕", "하세요"])
        assert await client.recv() == "안녕하세요"
        for _ in range(3):  # each within the bound, together above it
            await client.send([b"x" * 30_000] * 3)
            assert len(await client.recv()) == 90_000


@pytest.mark.parametrize(
    "sent",
    [fragment(b"a", opcode=Opcode.TEXT), fragment(b"abc", fin=True)[:4]],
    ids=["no last fragment", "half a frame"],  # what is sent is masked by chance
)
async def test_a_frame_that_is_not_completed_ends_the_connection(port: int, sent: bytes) -> None:
    async with opened(port) as (reader, writer):
        writer.write(sent)
        closed = await reader.read()
        assert closed.endswith(b"the frame took too long")


async def test_what_an_address_leaves_unfinished_has_a_bound(port: int) -> None:
    async with opened(port) as (_, first), opened(port) as (reader, second):
        first.write(fragment(b"x" * 60_000, opcode=Opcode.BINARY))
        second.write(fragment(b"x" * 60_000, opcode=Opcode.BINARY))
        assert (await reader.read()).endswith(b"too much is unfinished")


async def test_tiny_fragments_count_for_what_they_cost(port: int) -> None:
    async with opened(port) as (reader, writer):
        writer.write(fragment(b"", opcode=Opcode.BINARY) + fragment(b"") * (KEPT // 64))
        assert (await reader.read()).endswith(b"too much is unfinished")
