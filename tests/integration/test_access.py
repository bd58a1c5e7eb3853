"""Owners, keys, origins and limits at the edges of a running stack, as clients meet them."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from contracts.events import REGISTERED, UPCASTERS, ConversationStarted, VoiceSessionClaimed
from contracts.registry import Registry
from eventlog.admin.permissions import OPERATOR
from eventlog.author import Author
from eventlog.broker import Broker
from eventlog.jetstream import JetStreamLog
from eventlog.settings import NatsSettings
from parley.stack import nats

SECONDS = 20.0
BROWSER_SECONDS = 90.0
KEY = "a-key-of-a-client-0"
SECRET = "a secret of at least thirty-two bytes"
FAR_AWAY = "4102444800"
HEADERS = {"X-API-Key": KEY}
NOT_YOURS = "this conversation belongs to another user"


@pytest.fixture(scope="module")
def guarded(
    tmp_path_factory: pytest.TempPathFactory, unused_port: Callable[[], int], stack_runner: Any
) -> Iterator[Any]:
    """A stack that asks for keys and lets few in."""
    variables = {
        "PARLEY_API_KEYS": f"{KEY},another-key-of-a-client",
        "PARLEY_JWT_SECRET": SECRET,
        "PARLEY_ALLOWED_ORIGINS": "https://chat.example.org",
        "PARLEY_CONNECTIONS_PER_ADDRESS": "2",
        "PARLEY_MESSAGES_PER_SECOND": "20",
    }
    with stack_runner(tmp_path_factory.mktemp("guarded"), unused_port, **variables) as stack:
        yield stack


@pytest.fixture
async def log(guarded: Any) -> AsyncIterator[JetStreamLog]:
    """The stack's own log."""
    data = guarded.folder / "data"
    found = re.search(r"127.0.0.1:(\d+)", (data / "nats-server.conf").read_text())
    assert found
    password = nats.password(OPERATOR, (data / "nats.secret").read_text().strip())
    settings = NatsSettings(url=f"nats://127.0.0.1:{found[1]}", user=OPERATOR, password=password)
    broker = Broker(settings, "test")
    await broker.start()
    yield JetStreamLog(broker, Registry(REGISTERED, UPCASTERS), settings)
    await broker.stop()


@pytest.fixture
async def owned(log: JetStreamLog) -> str:
    """A conversation of Alice's."""
    key = f"owned-{uuid4()}"
    await start(log, key, owner="alice")
    return key


async def start(log: JetStreamLog, key: str, owner: str | None) -> None:
    event = ConversationStarted(responder_name="agent-runner", graph="planner", protocol="voice", owner=owner)
    await log.append([Author("test").envelope(key, event)], expected=0)


def token(user: str, secret: str = SECRET) -> str:
    return jwt.encode({"sub": user, "exp": int(FAR_AWAY)}, secret, algorithm="HS256")


def address(stack: Any, key: str, query: str = "") -> str:
    return f"{stack.url('PARLEY_PORT', 'ws')}/chat/{key}{query}"


async def call(method: str, url: str, **options: Any) -> httpx.Response:
    async with httpx.AsyncClient(timeout=SECONDS) as client:
        return await client.request(method, url, **options)


async def say(socket: ClientConnection, text: str = "get all contacts") -> None:
    await socket.send(json.dumps({"type": "client", "message": text, "message_id": str(uuid4())}))


async def refusal(socket: ClientConnection) -> tuple[str, int]:
    """The error that a socket gets, and the code it is closed with."""
    async with asyncio.timeout(SECONDS):
        frame = json.loads(await socket.recv())
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
    assert frame["type"] == "agent_error"
    assert closed.value.rcvd
    return frame["error"], closed.value.rcvd.code


async def until_end(socket: ClientConnection) -> None:
    async with asyncio.timeout(SECONDS):
        while json.loads(await socket.recv())["type"] != "message_end":
            continue


BAD_TOKENS = {
    "none": None,
    "another user's": token("bob"),
    "forged": token("alice", "x" * 32),
    "garbage": "x",
}


@pytest.mark.parametrize("bad", BAD_TOKENS.values(), ids=BAD_TOKENS)
async def test_an_owned_conversation_is_refused_to_others(guarded: Any, owned: str, bad: str | None) -> None:
    headers = HEADERS | ({"Authorization": f"Bearer {bad}"} if bad else {})
    answer = await call("GET", f"{guarded.url()}/history/{owned}", headers=headers)
    assert (answer.status_code, answer.json()) == (
        403,
        {"detail": NOT_YOURS},
    )
    async with connect(address(guarded, owned), additional_headers=headers) as socket:
        assert await refusal(socket) == (NOT_YOURS, 1008)


async def test_its_owner_reaches_it(guarded: Any, owned: str) -> None:
    headers = HEADERS | {"Authorization": f"Bearer {token('alice')}"}
    async with connect(address(guarded, owned, f"?api_key={KEY}&token={token('alice')}")) as socket:
        await say(socket)
        await until_end(socket)
    answer = await call("GET", f"{guarded.url()}/history/{owned}", headers=headers)
    assert answer.json()[0]["content"] == "get all contacts"


async def test_a_claim_ends_the_connections_of_others(guarded: Any, log: JetStreamLog) -> None:
    key = f"claimed-{uuid4()}"
    await start(log, key, owner=None)
    async with (
        connect(address(guarded, key), additional_headers=HEADERS) as other,
        connect(address(guarded, key, f"?token={token('alice')}"), additional_headers=HEADERS) as hers,
    ):
        await say(other)
        await until_end(other)
        claim = Author("test").envelope(key, VoiceSessionClaimed(owner="alice"))
        await log.append([claim], expected=await log.tail(key))
        assert await refusal(other) == (NOT_YOURS, 1008)
        await say(hers)
        await until_end(hers)


@pytest.mark.parametrize("wrong", [None, "", KEY[:-1], KEY + "x"])
async def test_without_a_key_nobody_gets_in(guarded: Any, wrong: str | None) -> None:
    headers = {} if wrong is None else {"X-API-Key": wrong}
    url = guarded.url()
    reason = "an API key is needed, in X-API-Key or ?api_key="
    for answer in (
        await call("GET", f"{url}/history/x", headers=headers),
        await call("POST", f"{url}/agent/run", headers=headers, json={"task": "get all contacts"}),
        await call("GET", f"{url}/never/heard/of", headers=headers),
    ):
        assert (answer.status_code, answer.json()) == (401, {"detail": reason})
    quote = await call("GET", f"{url}/api/chat/status", headers=headers)
    assert quote.json() == {"error": reason, "code": "unauthorized"}
    async with connect(address(guarded, "x"), additional_headers=headers) as socket:
        assert await refusal(socket) == (reason, 1008)


async def test_every_key_opens_and_health_needs_none(guarded: Any) -> None:
    url = guarded.url()
    assert (await call("GET", f"{url}/health")).status_code == 200
    other = await call("GET", f"{url}/history/x", headers={"X-API-Key": "another-key-of-a-client"})
    assert other.json() == []
    assert (await call("GET", f"{url}/history/x?api_key={KEY}")).json() == []


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("https://chat.example.org", True),
        ("http://localhost:5173", True),
        ("https://evil.example", False),
        ("https://chat.example.org.evil.example", False),
        ("http://localhost.evil.example", False),
        ("null", False),
    ],
)
async def test_pages_of_other_origins(guarded: Any, origin: str, allowed: bool) -> None:
    headers = HEADERS | {"Origin": origin}
    async with connect(address(guarded, str(uuid4())), additional_headers=headers) as socket:
        if allowed:
            await say(socket)
            await until_end(socket)
        else:
            assert await refusal(socket) == ("this origin is not in PARLEY_ALLOWED_ORIGINS", 1008)
    read = await call("GET", f"{guarded.url()}/history/x", headers=headers)
    assert read.headers.get("access-control-allow-origin") == (origin if allowed else None)
    write = await call("POST", f"{guarded.url()}/agent/run", headers=headers, json={"task": ""})
    assert (write.status_code == 403) is not allowed
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    preflight = await call("OPTIONS", f"{guarded.url()}/agent/run", headers=asked)
    assert preflight.is_success is allowed


async def test_one_address_holds_so_many_connections_and_no_more(guarded: Any) -> None:
    edge = f"ws://127.0.0.1:{guarded.inner_ports()['edge-ws']}/chat/{uuid4()}"
    far = HEADERS | {"X-Forwarded-For": "192.0.2.7"}
    async with connect(edge, additional_headers=far), connect(edge, additional_headers=far):
        async with connect(edge, additional_headers=far) as third:
            assert await refusal(third) == ("too many connections from this address", 1008)
        async with connect(edge, additional_headers=far | {"X-Forwarded-For": "192.0.2.8"}) as other:
            await say(other)
            await until_end(other)
    async with connect(edge, additional_headers=far) as again:
        await say(again)
        await until_end(again)


async def test_a_client_that_is_too_fast_is_read_slower(guarded: Any) -> None:
    clock = asyncio.get_running_loop().time
    async with (
        asyncio.timeout(SECONDS),
        connect(address(guarded, "fast"), additional_headers=HEADERS) as socket,
    ):
        began = clock()
        for _ in range(60):
            await socket.send("nonsense")
        for _ in range(60):
            assert json.loads(await socket.recv())["type"] == "agent_error"
    assert clock() - began >= (60 - 40) / 20 * 0.9


async def test_pages_load_nothing_that_is_not_ours(guarded: Any) -> None:
    page = await call("GET", f"{guarded.url()}/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'self'" in page.headers["content-security-policy"]
    for answer in (
        page,
        await call("GET", f"{guarded.url()}/health"),
        await call("GET", f"{guarded.url()}/history/x"),
    ):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "no-referrer"


@pytest.mark.browser
async def test_the_console_asks_for_the_key(guarded: Any, chromium: str, node_scripts: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *("node", str(node_scripts / "console_key.mjs"), chromium, guarded.url(), KEY),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(BROWSER_SECONDS):
        output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    assert json.loads(output) == {"shown": {"isKept": False}, "trouble": []}


async def test_the_front_page_is_the_console_for_browsers_and_json_for_others(guarded: Any) -> None:
    async with httpx.AsyncClient(base_url=guarded.url(), headers=HEADERS, timeout=SECONDS) as client:
        shown = await client.get("/", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
        assert (shown.status_code, shown.headers["location"]) == (307, "/ui/")
        told = await client.get("/", headers={"Accept": "*/*"})
        assert told.headers["content-type"] == "application/json"


async def test_what_is_presented_is_not_in_the_log(guarded: Any) -> None:
    assert "Parley is ready" in guarded.log()
    assert not any(secret in guarded.log() for secret in (KEY, SECRET, token("alice"), "get all contacts"))
