"""What ships, killed and restarted: `parley up` itself, while conversations of every protocol go on.

Clients say again what they got no answer to, and are told the same as where nothing was killed; the log, the
states and the histories are the same as well. Whatever was killed comes back by itself and can be restarted
afterwards; meanwhile nobody is told that something is ready which is not there.
"""

import asyncio
import ipaddress
import json
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any
from uuid import uuid4

import httpx
import pytest
from tests.chaos.fleet import QUOTATIONS
from tests.chaos.scripts import SCRIPTS, Talk
from tests.chaos.shipped import (
    EVERYTHING,
    PAUSE_SECONDS,
    READY_SECONDS,
    SERVICES,
    Public,
    end,
    settled,
    watched,
)
from tests.chaos.stories import Story, difference, story_of
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

LOOPBACK = "127.0.0.1"
ROUNDS = 10
QUICK = (("agent-runner",), ("edge-ws",), ("gateway",), EVERYTHING)
"""What is tried with every change; the others take minutes more."""
VICTIMS = [*((name,) for name in (*SERVICES, "gateway")), EVERYTHING, ("nats-server",)]


@pytest.fixture(scope="module")
def shipped(
    stack_runner: Callable[..., AbstractContextManager[Any]],
    tmp_path_factory: pytest.TempPathFactory,
    unused_port: Callable[[], int],
) -> Iterator[Any]:
    """A stack that listens on all addresses, as one with others in front of it does."""
    anywhere = {"PARLEY_HOST": str(ipaddress.IPv4Address(0)), "PARLEY_ALLOW_INSECURE_BIND": "yes"}
    folder = tmp_path_factory.mktemp("shipped")
    with stack_runner(folder, unused_port, PARLEY_QUOTATIONS=str(QUOTATIONS), **anywhere) as stack:
        yield stack


def own_address() -> str:
    """An address of this machine that is not the loopback one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("203.0.113.1", 9))  # sends nothing
        except OSError:
            pytest.skip("this machine has no address but the loopback one")
        address: str = probe.getsockname()[0]
    return address


async def held(public: Public) -> dict[str, Talk]:
    """A conversation by each script, all at once."""
    talks = await asyncio.gather(*(script(public, uuid4().hex[:12]) for script in SCRIPTS.values()))
    return dict(zip(SCRIPTS, talks, strict=True))


async def told(public: Public, log: Any, talks: dict[str, Talk]) -> dict[str, Story]:
    """What each conversation has come to."""
    stories = [story_of(public, log, talk.conversation, talk.seen) for talk in talks.values()]
    return dict(zip(talks, await asyncio.gather(*stories), strict=True))


@pytest.fixture(scope="module")
def undisturbed(shipped: Any) -> dict[str, Story]:
    """What conversations come to where nothing is killed."""

    async def hold() -> dict[str, Story]:
        async with shipped.operator() as (_, log):
            public = Public(shipped, LOOPBACK)
            return await told(public, log, await held(public))

    return asyncio.run(hold())


def same(expected: dict[str, Story], found: dict[str, Story]) -> None:
    """What clients saw, the facts, the states and the histories are as expected."""
    differ = {name: difference(expected[name], story) for name, story in found.items()}
    assert not any(differ.values()), "\n".join(f"{name}\n{text}" for name, text in differ.items() if text)


async def during(public: Public, ending: Awaitable[None]) -> dict[str, Talk]:
    """The conversations that go on while processes end."""
    holding = asyncio.create_task(held(public))
    await asyncio.sleep(0)
    await ending
    return await holding


async def speaks(public: Public) -> None:
    """A voice client hears the agent."""
    sessions = public.address("edge-rest", "/api/v1/chat/guest-sessions")
    async with asyncio.timeout(READY_SECONDS), httpx.AsyncClient(timeout=5) as client:
        while True:
            try:
                created = (await client.post(sessions, json={})).raise_for_status()
                path = f"/api/v1/chat/ws/guest-chat/{created.json()['session_id']}"
                async with connect(public.address("edge-ws", path, "ws"), max_size=None) as voice:
                    await voice.send(json.dumps({"type": "response.create"}))
                    while json.loads(await voice.recv())["type"] != "audio.done":
                        pass
                    return
            except (httpx.HTTPError, OSError, InvalidHandshake, ConnectionClosed):
                await asyncio.sleep(PAUSE_SECONDS)


async def survive(stack: Any, expected: dict[str, Story], victims: tuple[str, ...]) -> None:
    public = Public(stack, LOOPBACK)
    restarted = [victims, SERVICES] if "nats-server" in victims else [victims]
    async with stack.operator() as (_, log), watched(stack) as watch:

        async def check(talking: Awaitable[dict[str, Talk]]) -> None:
            same(expected, await told(public, log, await talking))

        await check(during(public, end(stack, victims, signal.SIGKILL)))
        await asyncio.gather(check(held(public)), speaks(public))
        for names in restarted:
            await check(during(public, end(stack, names, signal.SIGTERM)))
        await speaks(public)
        await settled(stack)
    # One part alone may be back in less time than there is between two questions.
    assert watch.asked or len(victims) == 1
    assert watch.lies == []
    assert "Violation" not in stack.log()


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "victims",
    [
        pytest.param(victims, id="+".join(victims), marks=() if victims in QUICK else pytest.mark.slow)
        for victims in VICTIMS
    ],
)
async def test_what_is_killed_comes_back_and_nobody_is_told_otherwise(
    shipped: Any, undisturbed: dict[str, Story], victims: tuple[str, ...]
) -> None:
    await survive(shipped, undisturbed, victims)


@pytest.mark.timeout(300)
async def test_a_killed_supervisor_takes_all_along_and_can_be_started_again(
    shipped: Any, undisturbed: dict[str, Story]
) -> None:
    public = Public(shipped, own_address())

    async def again() -> None:
        shipped.process.kill()
        await asyncio.to_thread(shipped.process.wait)
        await asyncio.to_thread(shipped.start)

    talks = await during(public, again())
    async with shipped.operator() as (_, log):
        same(undisturbed, await told(public, log, talks))
    await speaks(public)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("victims", VICTIMS, ids="+".join)
async def test_ten_times_over(shipped: Any, undisturbed: dict[str, Story], victims: tuple[str, ...]) -> None:
    for _ in range(ROUNDS):
        await survive(shipped, undisturbed, victims)
