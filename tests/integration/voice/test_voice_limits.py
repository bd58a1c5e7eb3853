"""When there is no place for a talk, or none any longer, the client is told at once."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

PLACES = 2
BUSY = "every line is busy, try again in a few minutes"


@pytest.fixture(scope="module")
def small_stack(tmp_path_factory: pytest.TempPathFactory, voice_stack: Any) -> Iterator[Any]:
    with voice_stack(
        tmp_path_factory.mktemp("small"),
        PARLEY_VOICE_SESSIONS=str(PLACES),
        PARLEY_VOICE_GUESTS_PER_ADDRESS="1",
        PARLEY_TRUSTED_PROXIES="127.0.0.1",
    ) as stack:
        yield stack


@pytest.fixture
def voice(small_stack: Any, voice_of: Callable[[Any], Any]) -> Any:
    return voice_of(small_stack)


@asynccontextmanager
async def guest(voice: Any, address: str) -> AsyncIterator[ClientConnection]:
    """A guest whose connection a trusted proxy passes on."""
    session_id = (await voice.create())["session_id"]
    url = voice.stack.url(scheme="ws") + f"/api/v1/chat/ws/guest-chat/{session_id}"
    async with connect(url, additional_headers={"X-Forwarded-For": address}) as socket:
        yield socket


async def frame_after(socket: ClientConnection, **frame: Any) -> dict[str, Any]:
    """What is answered to a frame, by the session or by whoever refuses it."""
    await socket.send(json.dumps(frame))
    async with asyncio.timeout(30):
        answer: dict[str, Any] = json.loads(await socket.recv())
    return answer


async def test_a_talk_ends_when_its_token_expires(voice: Any) -> None:
    session_id = (await voice.create("alice"))["session_id"]
    expires = int(time.time()) + 4
    async with voice.call(session_id, "alice", token=voice.token("alice", exp=expires)) as caller:
        await caller.send(type="session.update", config={"voice": "hal"})
        assert (await caller.expect("error"))["code"] == "invalid_voice"
        assert await caller.expect_close() == 1008
        assert time.time() >= expires


async def test_an_address_has_only_so_many_guests(voice: Any) -> None:
    async with guest(voice, "198.51.100.1") as first:
        wrong = {"type": "session.update", "config": {"voice": "hal"}}
        assert (await frame_after(first, **wrong))["code"] == "invalid_voice"
        async with guest(voice, "198.51.100.1") as second:
            assert json.loads(await second.recv())["message"] == BUSY
            await second.wait_closed()
            assert second.close_code == 1011
        async with guest(voice, "198.51.100.2") as other:
            assert (await frame_after(other, **wrong))["code"] == "invalid_voice"
            assert (await frame_after(other, type="disconnect"))["type"] == "disconnected"
        assert (await frame_after(first, type="disconnect"))["type"] == "disconnected"
    async with guest(voice, "198.51.100.1") as again:
        assert (await frame_after(again, type="disconnect"))["type"] == "disconnected"


async def test_a_full_replica_says_so(voice: Any) -> None:
    held = [(await voice.create(user))["session_id"] for user in ("bob", "carol")]
    late = (await voice.create("dave"))["session_id"]
    async with voice.call(held[0], "bob") as bob, voice.call(held[1], "carol") as carol:
        for caller in (bob, carol):
            await caller.send(type="response.create")
            await caller.expect("audio.delta")
        async with voice.call(late, "dave") as dave:
            error = await dave.expect("error")
            assert (error["code"], error["message"]) == ("server_error", BUSY)
            assert await dave.expect_close() == 1011
        await bob.send(type="disconnect")
        await bob.expect_close()
    async with voice.call(late, "dave") as dave:
        await dave.send(type="disconnect")
        await dave.expect("disconnected")
        assert await dave.expect_close() == 1000
