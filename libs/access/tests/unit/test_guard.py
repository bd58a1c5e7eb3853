"""The guard in front of an application, and a WebSocket whose conversation is claimed by another user."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from access.connections import Connections, Socket
from access.guard import Guard
from access.limits import Bucket
from access.settings import AccessSettings
from access.visitor import Members, Visitor
from chassis.metrics import EdgeMetrics
from contracts.envelope import Recorded
from contracts.events import ConversationStarted, VoiceSessionClaimed
from eventlog.author import Author
from eventlog.memory import MemoryLog
from eventlog.ports import Unavailable
from identity.verifier import JwtVerifier

KEY = "0123456789abcdef"
SECRET = "a secret of at least thirty-two bytes"
LISTED = "https://chat.example.org"
SECONDS = 30.0


async def page(scope: Scope, receive: Receive, send: Send) -> None:
    await HTMLResponse("<p>")(scope, receive, send)


async def nothing(_: str) -> None:
    """Everybody may reach every conversation."""


def client(app: ASGIApp = page, **settings: str) -> httpx.AsyncClient:
    guard = Guard(
        app,
        settings=AccessSettings.model_validate({"allowed_origins": LISTED} | settings),
        members=Members(JwtVerifier(SECRET)),
        check=nothing,
        connections=Connections(),
        metrics=EdgeMetrics(CollectorRegistry()),
    )
    return httpx.AsyncClient(transport=httpx.ASGITransport(guard), base_url="http://localhost:8000")


@pytest.mark.parametrize(
    ("path", "origin", "readable"),
    [
        ("/chat", LISTED, LISTED),
        ("/chat", "http://localhost:5173", "http://localhost:5173"),
        ("/chat", "https://evil.example", None),
        ("/api/chat/send", "https://evil.example", "*"),
    ],
)
async def test_a_page_that_may_call_may_read_why_it_is_refused(
    path: str, origin: str, readable: str | None
) -> None:
    async with client(api_keys=KEY) as browser:
        answer = await browser.post(path, headers={"Origin": origin})
    assert answer.status_code == (401 if readable else 403)
    assert answer.headers.get("access-control-allow-origin") == readable


async def test_a_page_cannot_call_itself_by_a_name_of_this_machine() -> None:
    async with client() as browser:
        stranger = await browser.get("/api/sessions", headers={"Host": "evil.example:8000"})
        assert stranger.status_code == 403
        assert stranger.json() == {"detail": "evil.example:8000 is not a host in PARLEY_ALLOWED_ORIGINS"}
        assert (await browser.get("/api/sessions")).status_code == 200


async def test_every_page_is_confined() -> None:
    async with client() as browser:
        answer = await browser.get("/anything")
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


class Client:
    """The client's side of a WebSocket."""

    def __init__(self) -> None:
        self.said: asyncio.Queue[Message] = asyncio.Queue()
        self.heard: list[Message] = []
        self.socket = Socket(
            Visitor(Members(JwtVerifier(SECRET))), self.said.get, self._hear, Bucket(0, 1, lambda: 0.0)
        )
        self.said.put_nowait({"type": "websocket.connect"})

    async def _hear(self, message: Message) -> None:
        self.heard.append(message)


async def greet(receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.accept"})


async def test_a_lost_conversation_ends_and_its_client_is_told() -> None:
    visit, talking = Client(), asyncio.Event()

    async def talk(scope: Scope, receive: Receive, send: Send) -> None:
        await greet(receive, send)
        talking.set()
        await receive()

    async with asyncio.timeout(SECONDS):
        serving = asyncio.create_task(visit.socket.serve(talk, {}))
        await talking.wait()
        visit.socket.lose("gone")
        assert await serving
        await visit.socket.refuse("no", "not yours")
    assert [each["type"] for each in visit.heard] == ["websocket.accept", "websocket.send", "websocket.close"]
    assert visit.heard[-1]["code"] == 1008


async def test_a_connection_ends_when_its_token_does() -> None:
    visit = Client()

    async def talk(scope: Scope, receive: Receive, send: Send) -> None:
        await greet(receive, send)
        await receive()

    async with asyncio.timeout(SECONDS):
        with visit.socket.until(datetime.now(UTC) + timedelta(milliseconds=50)):
            assert await visit.socket.serve(talk, {})
    assert visit.socket.reason == "the token has expired"


async def test_nothing_gets_in_or_out_though_a_wait_swallows_the_cancellation() -> None:
    visit, talking = Client(), asyncio.Event()
    received: list[str] = []

    async def deaf(scope: Scope, receive: Receive, send: Send) -> None:
        await greet(receive, send)
        talking.set()
        try:
            await receive()
        except asyncio.CancelledError:
            await send({"type": "websocket.send", "text": "a secret"})
        received.append((await receive())["type"])

    async with asyncio.timeout(SECONDS):
        serving = asyncio.create_task(visit.socket.serve(deaf, {}))
        await talking.wait()
        visit.socket.lose("gone")
        visit.said.put_nowait({"type": "websocket.receive", "text": "do something"})
        assert await serving
    assert [each["type"] for each in visit.heard] == ["websocket.accept"]
    assert received == ["websocket.disconnect"]


async def test_a_server_that_ends_is_not_held_up_by_a_lost_conversation() -> None:
    visit, talking = Client(), asyncio.Event()

    async def talk(scope: Scope, receive: Receive, send: Send) -> None:
        await greet(receive, send)
        talking.set()
        await receive()

    async with asyncio.timeout(SECONDS):
        serving = asyncio.create_task(visit.socket.serve(talk, {}))
        await talking.wait()
        visit.socket.lose("gone")
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving


async def test_a_conversation_that_is_lost_before_its_endpoint_runs_is_not_served() -> None:
    visit = Client()

    async def never(scope: Scope, receive: Receive, send: Send) -> None:
        pytest.fail("it was served")

    visit.socket.lose("gone")
    async with asyncio.timeout(SECONDS):
        assert await visit.socket.serve(never, {})
        await visit.socket.refuse("no", "not yours")
    assert visit.heard[-1]["type"] == "websocket.close"


class Unsure(Members):
    """Members whose keys cannot be read now."""

    async def subject(self, token: str | None) -> str | None:
        raise Unavailable("no keys")


async def claim() -> Recorded:
    log, author = MemoryLog(), Author("test")
    opening = ConversationStarted(responder_name="agent-runner", protocol="voice")
    facts = (opening, VoiceSessionClaimed(owner="alice"))
    _, claimed = await log.append([author.envelope("c", fact) for fact in facts], expected=0)
    return claimed


async def test_a_user_that_cannot_be_told_is_not_the_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    visit, connections = Client(), Connections()
    visit.socket.visitor = Visitor(Unsure(JwtVerifier(SECRET)), "a token")
    with connections.of("c", visit.socket):
        await connections.claimed(await claim())

    async def never(scope: Scope, receive: Receive, send: Send) -> None:
        pytest.fail("it was served")

    assert await visit.socket.serve(never, {})


async def test_a_client_that_has_left_is_not_told() -> None:
    async def gone(_: Any) -> None:
        raise ConnectionResetError

    said: asyncio.Queue[Message] = asyncio.Queue()
    said.put_nowait({"type": "websocket.connect"})
    visitor = Visitor(Members(JwtVerifier(SECRET)))
    await Socket(visitor, said.get, gone, Bucket(0, 1, lambda: 0.0)).refuse("no", "not yours")
