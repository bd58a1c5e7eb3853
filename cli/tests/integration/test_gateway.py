"""The gateway as `parley up` starts it, between real clients and real uvicorn servers."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
import uvicorn
import websockets

from parley.stack import gateway, ports

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
BOUND_SECONDS = 15.0
BIG = 2 * 1024 * 1024
HEAD_LIMIT = 32 * 1024


class Edge:
    """A uvicorn server in this process that shows what reaches it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.port = 0
        self.go_on = asyncio.Event()
        self.asked = 0
        self.disconnected = asyncio.Event()
        self.stopped_writing = asyncio.Event()
        self._server: uvicorn.Server | None = None
        self._serving: asyncio.Task[None] | None = None
        self._listener: socket.socket | None = None

    async def start(self) -> None:
        """Listen, on the same port as before if there was one."""
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # or asyncio delays
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen()
        self.port = listener.getsockname()[1]
        self._listener = listener
        config = uvicorn.Config(
            self._app,
            lifespan="off",
            log_level="critical",
            interface="asgi3",
            ws="websockets-sansio",
            ws_max_size=2 * BIG,
        )
        self._server = uvicorn.Server(config)
        self._serving = asyncio.create_task(self._server._serve([listener]))

    async def stop(self) -> None:
        """Stop listening."""
        if self._server and self._serving and self._listener:
            self._server.should_exit = True
            self._server.force_exit = True
            await self._serving
            self._listener.close()
            self._serving = None

    async def _app(self, scope: Message, receive: Receive, send: Send) -> None:
        self.asked += 1
        if scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
            return
        await {"/events": self._events, "/flood": self._flood, "/refuse": self._refuse}.get(
            scope["path"], self._echo
        )(scope, receive, send)

    async def _websocket(self, scope: Message, receive: Receive, send: Send) -> None:
        await receive()
        if scope["path"] == "/denied":
            await send({"type": "websocket.close", "code": 1008})
            return
        await send({"type": "websocket.accept"})
        with contextlib.suppress(OSError):
            while scope["path"] == "/flood":
                await send({"type": "websocket.send", "bytes": bytes(65536)})
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": message.get("text"), "bytes": message.get("bytes")})
        self.disconnected.set()

    async def _echo(self, scope: Message, receive: Receive, send: Send) -> None:
        size = 0
        while True:
            message = await receive()
            size += len(message.get("body", b""))
            if not message.get("more_body"):
                break
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        content = json.dumps(
            {"edge": self.name, "target": scope["raw_path"].decode(), "headers": headers, "size": size}
        ).encode()
        length = (b"content-length", str(len(content)).encode())
        await send({"type": "http.response.start", "status": 200, "headers": [length]})
        await send({"type": "http.response.body", "body": content})

    async def _events(self, scope: Message, receive: Receive, send: Send) -> None:
        kind = (b"content-type", b"text/event-stream")
        await send({"type": "http.response.start", "status": 200, "headers": [kind]})
        for number in range(3):
            await send({"type": "http.response.body", "body": b"data: %d\n\n" % number, "more_body": True})
            wait = {asyncio.ensure_future(self.go_on.wait()), asyncio.ensure_future(_gone(receive))}
            await asyncio.wait(wait, return_when=asyncio.FIRST_COMPLETED)
            for each in wait:
                each.cancel()
            if not self.go_on.is_set():
                self.disconnected.set()
                return
            self.go_on.clear()
        await send({"type": "http.response.body", "body": b""})

    async def _flood(self, scope: Message, receive: Receive, send: Send) -> None:
        """A hundred megabytes, unless writing stalls."""
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(1600):
            body = {"type": "http.response.body", "body": bytes(65536), "more_body": True}
            sending = asyncio.ensure_future(send(body))
            if not (await asyncio.wait({sending}, timeout=0.5))[0]:
                self.stopped_writing.set()
            await sending
        await send({"type": "http.response.body", "body": b""})

    async def _refuse(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer without reading the body."""
        await send({"type": "http.response.start", "status": 413, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class Gateway:
    """The gateway's process and the two edges behind it."""

    def __init__(self, port: int, process: asyncio.subprocess.Process) -> None:
        self.port = port
        self.process = process
        self.ws = Edge("ws")
        self.rest = Edge("rest")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @asynccontextmanager
    async def raw(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """A bare connection."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            yield reader, writer
        finally:
            writer.close()

    async def exchange(self, request: bytes) -> bytes:
        """Send bytes on a connection of their own and read until the gateway closes it."""
        async with self.raw() as (reader, writer):
            writer.write(request)
            return await reader.read()


@pytest.fixture
async def caddy(
    tmp_path: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    unused_port: Callable[[], int],
) -> AsyncIterator[Gateway]:
    """The gateway, with the settings that a test has as the fixture's parameter.

    `read_body` among them takes the place of the time that a request's body has.
    """
    settings = dict(getattr(request, "param", {}))
    if patience := settings.pop("read_body", None):
        impatient = tmp_path / "Caddyfile"
        impatient.write_text(gateway.CADDYFILE.read_text().replace("read_body 60s", f"read_body {patience}"))
        monkeypatch.setattr(gateway, "CADDYFILE", impatient)
    monkeypatch.setattr(ports, "UNREAD_SECONDS", 2)
    ws, rest = Edge("ws"), Edge("rest")
    await ws.start()
    await rest.start()
    (listener,) = ports.listen("127.0.0.1", {"PARLEY_PORT": unused_port()}).values()
    with listener:
        program = gateway.program()
        assert program is not None
        variables = gateway.environment(
            settings,
            data_dir=tmp_path,
            listeners=[listener.fileno()],
            ports={"edge-ws": ws.port, "edge-rest": rest.port},
            port=unused_port(),
        )
        process = await asyncio.create_subprocess_exec(
            *gateway.command(program), env=variables, pass_fds=[listener.fileno()]
        )
        running = Gateway(listener.getsockname()[1], process)
        running.ws, running.rest = ws, rest
        try:
            async with asyncio.timeout(BOUND_SECONDS):
                yield running
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
            await ws.stop()
            await rest.stop()


def request(target: str, *headers: str, method: str = "GET") -> bytes:
    """A request's head."""
    return "\r\n".join([f"{method} {target} HTTP/1.1", "Host: test", *headers, "", ""]).encode()


async def read_response(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """The head and the body of a response with a length."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
    )
    return head, await reader.readexactly(length)


def resident_bytes(pid: int) -> int:
    """The memory of a process; 0 where the system does not say."""
    statm = Path(f"/proc/{pid}/statm")
    return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") if statm.exists() else 0


async def test_echoes_websocket_messages_of_every_size(caddy: Gateway) -> None:
    async with websockets.connect(f"ws://127.0.0.1:{caddy.port}/chat/1", max_size=2 * BIG) as client:
        for text in ("", "안녕", "x" * BIG):
            await client.send(text)
            assert await client.recv() == text


async def test_a_client_that_vanishes_is_gone_for_the_edge_too(caddy: Gateway) -> None:
    client = await websockets.connect(f"ws://127.0.0.1:{caddy.port}/chat/1")
    client.transport.abort()
    await caddy.ws.disconnected.wait()


async def test_passes_on_a_refused_upgrade(caddy: Gateway) -> None:
    with pytest.raises(websockets.InvalidStatus) as refused:
        await websockets.connect(f"ws://127.0.0.1:{caddy.port}/denied")
    assert refused.value.response.status_code == 403


async def test_passes_events_on_one_by_one(caddy: Gateway) -> None:
    async with httpx.AsyncClient() as client, client.stream("GET", f"{caddy.url}/events") as stream:
        parts = stream.aiter_raw()
        for number in range(3):
            assert await anext(parts) == b"data: %d\n\n" % number
            caddy.rest.go_on.set()
        with pytest.raises(StopAsyncIteration):
            await anext(parts)


async def test_a_client_that_leaves_a_stream_is_gone_for_the_edge_too(caddy: Gateway) -> None:
    async with httpx.AsyncClient() as client, client.stream("GET", f"{caddy.url}/events") as stream:
        await anext(stream.aiter_raw())
    await caddy.rest.disconnected.wait()


async def test_one_connection_carries_requests_and_then_a_websocket(caddy: Gateway) -> None:
    async with caddy.raw() as (reader, writer):
        for target in ("/one", "/threads/t/stream/events?a=b"):
            writer.write(request(target))
            _, body = await read_response(reader)
            assert (json.loads(body)["edge"], json.loads(body)["target"]) == ("rest", target.split("?")[0])
        writer.write(request("/threads/t/stream/events", *UPGRADE))
        assert b"101" in await reader.readline()


async def test_answers_pipelined_requests_in_order(caddy: Gateway) -> None:
    count = 200
    async with caddy.raw() as (reader, writer):
        writer.write(b"".join(request(f"/{number}") for number in range(count)))
        for number in range(count):
            assert json.loads((await read_response(reader))[1])["target"] == f"/{number}"


async def test_says_who_asked_and_lets_nobody_claim_otherwise(caddy: Gateway) -> None:
    claims = {"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "gopher", "Forwarded": "for=6.6.6.6"}
    async with httpx.AsyncClient() as client:
        headers = (await client.get(caddy.url, headers=claims)).json()["headers"]
    assert headers["x-forwarded-for"] == "127.0.0.1"
    assert headers["x-forwarded-proto"] == "http"
    assert headers["x-forwarded-host"] == headers["host"] == f"127.0.0.1:{caddy.port}"
    assert "forwarded" not in headers


@pytest.mark.parametrize("caddy", [{"PARLEY_TRUSTED_PROXIES": "10.0.0.0/8 127.0.0.1"}], indirect=True)
async def test_a_trusted_proxy_tells_where_a_client_is(caddy: Gateway) -> None:
    claims = {"X-Forwarded-For": "6.6.6.6, 192.0.2.7, 10.1.2.3", "X-Forwarded-Proto": "https"}
    async with httpx.AsyncClient() as client:
        headers = (await client.get(caddy.url, headers=claims)).json()["headers"]
    assert headers["x-forwarded-for"] == "192.0.2.7"
    assert headers["x-forwarded-proto"] == "https"


async def test_passes_bodies_with_a_length_and_in_chunks(caddy: Gateway) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(32):
            yield bytes(65536)

    async with httpx.AsyncClient() as client:
        assert (await client.post(caddy.url, content=bytes(BIG))).json()["size"] == BIG
        assert (await client.post(caddy.url, content=chunks())).json()["size"] == BIG


async def test_waits_with_the_body_when_the_client_does(caddy: Gateway) -> None:
    async with caddy.raw() as (reader, writer):
        writer.write(request("/", "Content-Length: 3", "Expect: 100-continue", method="POST"))
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"abc")
        assert json.loads((await read_response(reader))[1])["size"] == 3


async def test_an_answer_before_the_body_reaches_the_client(caddy: Gateway) -> None:
    """A client that goes on sending need not send all."""
    async with caddy.raw() as (reader, writer):
        writer.write(request("/refuse", f"Content-Length: {BIG}", method="POST"))
        answer, sent = asyncio.ensure_future(reader.readline()), 0
        while not answer.done():
            sent += len(piece := bytes(10_000))
            writer.write(piece)
            await asyncio.wait({answer}, timeout=0.01)
        assert b"413" in answer.result()
        assert sent < BIG


async def test_a_connection_goes_on_after_an_answer_to_a_body_that_nobody_read(caddy: Gateway) -> None:
    async with caddy.raw() as (reader, writer):
        for _ in range(20):
            writer.write(request("/refuse", "Content-Length: 2", method="POST"))
            await writer.drain()
            await asyncio.sleep(0)
            writer.write(b"{}")
            assert b"413" in (await read_response(reader))[0]
            writer.write(request("/good"))
            assert json.loads((await read_response(reader))[1])["target"] == "/good"


@pytest.mark.parametrize("caddy", [{"read_body": "1s"}], indirect=True)
async def test_a_body_that_does_not_come_is_not_waited_for(caddy: Gateway) -> None:
    """The edge hears of none that is not whole: a body on its way may cut off the answer to it."""
    async with caddy.raw() as (reader, writer):
        writer.write(request("/", "Content-Length: 3", method="POST") + b"a")
        status = int((await reader.readline()).split(b" ")[1])
    assert caddy.rest.asked == 0
    assert status in (408, 499)  # whichever Caddy notices first: that it is late, or that it has broken off


async def test_head_has_no_body(caddy: Gateway) -> None:
    async with caddy.raw() as (reader, writer):
        writer.write(request("/", method="HEAD") + request("/next"))
        assert b"content-length" in (await reader.readuntil(b"\r\n\r\n")).lower()
        assert json.loads((await read_response(reader))[1])["target"] == "/next"


UPGRADE = (
    "Connection: keep-alive, upgrade",
    "Upgrade: WebSocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (request("/", "Transfer-Encoding: gzip, chunked", method="POST") + b"0\r\n\r\n", 501),
        (request("/", "Content-Length: 5", "Content-Length: 6", method="POST") + b"12345", 400),
        (request("/", "Content-Length: +5", method="POST") + b"12345", 400),
        (request("/", "Host: other"), 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (request("/", "Content-Length : 5", method="POST") + b"12345", 400),
        (request("/", f"X: {'x' * HEAD_LIMIT}"), 431),
        (b"GET /" + b"x" * 4 * HEAD_LIMIT, 431),
        (b"GET /\r\n\r\n", 400),
        (b"GET / HTTP/0.9\r\nHost: test\r\n\r\n", 505),
        (b"GET / HTTP/2.0\r\nHost: test\r\n\r\n", 505),
        (b"GET / RTSP/1.0\r\nHost: test\r\n\r\n", 400),
    ],
)
async def test_refuses_what_could_be_read_in_two_ways(caddy: Gateway, sent: bytes, status: int) -> None:
    async with caddy.raw() as (reader, writer):
        writer.write(sent)
        assert (await reader.readline()).split(b" ")[1] == b"%d" % status


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (request("host:1", "Connection: close", method="CONNECT"), 405),
        (request("/chat/1", *UPGRADE, method="POST"), 405),
        (request("/chat/1", *UPGRADE, method="HEAD"), 405),
        (request("/chat/1", *UPGRADE, "Content-Length: 4") + b"GET ", 400),
        (request("/chat/1", *UPGRADE, "Transfer-Encoding: chunked") + b"0\r\n\r\n", 400),
    ],
)
async def test_refuses_upgrades_that_are_none(caddy: Gateway, sent: bytes, status: int) -> None:
    async with caddy.raw() as (reader, writer):
        writer.write(sent)
        assert b"%d" % status in await reader.readline()
        assert b"application/json" in await reader.readuntil(b"\r\n\r\n")


async def test_a_body_framed_twice_reaches_the_edge_framed_once(caddy: Gateway) -> None:
    body = b"5\r\nabcde\r\n0\r\n\r\n"
    for framing in (("Content-Length: 3", "Transfer-Encoding: chunked"), ("Transfer-Encoding: chunked",)):
        async with caddy.raw() as (reader, writer):
            writer.write(request("/", *framing, method="POST") + body)
            told = json.loads((await read_response(reader))[1])
            assert told["size"] == 5
            assert "content-length" not in told["headers"]


async def test_a_trailer_without_end_ends_the_connection(caddy: Gateway) -> None:
    async with caddy.raw() as (reader, writer):
        writer.write(request("/", "Transfer-Encoding: chunked", method="POST") + b"0\r\n")
        with contextlib.suppress(ConnectionError):
            for _ in range(1000):
                writer.write(b"X: y\r\n" * 200)
                await writer.drain()
            await reader.read()
        assert resident_bytes(caddy.process.pid) < 64 * 1024 * 1024


async def test_a_bad_request_is_answered_in_its_turn(caddy: Gateway) -> None:
    answers = await caddy.exchange(request("/good") + b"nonsense\r\n\r\n")
    assert answers.startswith(b"HTTP/1.1 200")
    assert b"HTTP/1.1 400" in answers


async def test_an_upgrade_other_than_to_websocket_is_declined(caddy: Gateway) -> None:
    async with caddy.raw() as (reader, writer):
        writer.write(request("/one", "Connection: Upgrade", "Upgrade: h2c") + request("/two"))
        for target in ("/one", "/two"):
            body = json.loads((await read_response(reader))[1])
            assert (body["edge"], body["target"]) == ("rest", target)
            assert "upgrade" not in body["headers"]


async def test_waits_for_an_edge_that_restarts_and_gives_up_on_one_that_does_not(caddy: Gateway) -> None:
    await caddy.rest.stop()
    async with httpx.AsyncClient() as client:
        asked = asyncio.create_task(client.get(caddy.url))
        await caddy.rest.start()
        assert (await asked).status_code == 200
        await caddy.rest.stop()
        answer = await client.get(caddy.url)
    assert answer.status_code == 503
    assert answer.json() == {"detail": "the service is not available, try again"}
    assert answer.headers["retry-after"] == "1"


async def test_a_slow_reader_slows_the_edge_down(caddy: Gateway) -> None:
    async with caddy.raw() as (reader, writer):
        transport = cast("asyncio.Transport", writer.transport)
        transport.pause_reading()
        writer.write(request("/flood"))
        await caddy.rest.stopped_writing.wait()
        assert resident_bytes(caddy.process.pid) < 64 * 1024 * 1024
        transport.resume_reading()
        assert len(await reader.readexactly(64 * 1024 * 1024)) == 64 * 1024 * 1024


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux cuts off a client that reads nothing")
async def test_a_websocket_that_is_never_read_is_let_go(caddy: Gateway) -> None:
    async with caddy.raw() as (_, writer):
        cast("asyncio.Transport", writer.transport).pause_reading()
        writer.write(request("/flood", *UPGRADE))
        await caddy.ws.disconnected.wait()


async def test_stops_when_told_to_and_ends_what_is_under_way(caddy: Gateway) -> None:
    async with httpx.AsyncClient() as client, client.stream("GET", f"{caddy.url}/events") as stream:
        parts = stream.aiter_raw()
        await anext(parts)
        caddy.process.send_signal(signal.SIGTERM)
        for number in (1, 2):
            caddy.rest.go_on.set()
            assert await anext(parts) == b"data: %d\n\n" % number
        caddy.rest.go_on.set()
        with pytest.raises(StopAsyncIteration):
            await anext(parts)
    assert await caddy.process.wait() == 0
