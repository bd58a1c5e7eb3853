"""What ships, killed: `parley up` itself, while conversations of every protocol go on.

Clients say again what they got no answer to, and are told the same as where nothing was killed; whatever was
killed comes back by itself, is ready, and speaks every protocol.
"""

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, cast
from uuid import uuid4

import httpx
import pytest
from tests.chaos.fleet import QUOTATIONS, Fleet
from tests.chaos.scripts import SCRIPTS, Talk
from tests.chaos.stories import nameless
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

READY_SECONDS = 60
PAUSE_SECONDS = 0.05
SERVICES = ("agent-runner", "quote-engine", "voice-bridge", "history-store", "edge-ws", "edge-rest")
EVERYTHING = ("nats-server", *SERVICES, "gateway")
SHORT = [("nats-server",), ("agent-runner", "quote-engine"), ("gateway",), EVERYTHING]
LONG = [(name,) for name in SERVICES if (name,) not in SHORT]
ROUNDS = 10


class Public(Fleet):
    """The stack as its clients reach it."""

    def __init__(self, stack: Any, host: str) -> None:
        super().__init__(stack, stack.folder, cast("subprocess.Popen[bytes]", None))
        self._stack = stack
        self._host = host

    def address(self, service: str, path: str, scheme: str = "http") -> str:
        """The public port, whichever service is behind it."""
        port = self._stack.ports["PARLEY_AGENT_WS_PORT" if path.startswith("/chat/") else "PARLEY_PORT"]
        return f"{scheme}://{self._host}:{port}{path}"


@pytest.fixture(scope="module")
def shipped(
    stack_runner: Callable[..., AbstractContextManager[Any]],
    tmp_path_factory: pytest.TempPathFactory,
    unused_port: Callable[[], int],
) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("shipped")
    with stack_runner(folder, unused_port, PARLEY_QUOTATIONS=str(QUOTATIONS)) as stack:
        yield stack


async def held(public: Public) -> dict[str, Talk]:
    """A conversation by each script, all at once."""
    keys = {name: uuid4().hex[:12] for name in SCRIPTS}
    talks = await asyncio.gather(*(script(public, keys[name]) for name, script in SCRIPTS.items()))
    return dict(zip(SCRIPTS, talks, strict=True))


def told(talks: dict[str, Talk]) -> dict[str, list[str]]:
    """What clients were told, without what differs from talk to talk."""
    return {name: [nameless(turn, _names(name, talk)) for turn in talk.seen] for name, talk in talks.items()}


def _names(name: str, talk: Talk) -> dict[str, str]:
    """What is named alike in all talks; the wording of a quote reply varies with the key of its talk."""
    names = {talk.conversation: "<conversation>"}
    if name == "quote":
        names |= {
            json.dumps(said, ensure_ascii=False)[1:-1]: f"<reply {n}>"
            for n, (said, _) in enumerate(talk.seen)
        }
    return names


@pytest.fixture(scope="module")
def undisturbed(shipped: Any) -> dict[str, list[str]]:
    """What clients are told where nothing is killed."""
    return told(asyncio.run(held(Public(shipped, "127.0.0.1"))))


def pids(stack: Any, names: tuple[str, ...]) -> dict[str, int]:
    return {each["service"]: each["pid"] for each in stack.status() if each["service"] in names}


async def kill(stack: Any, names: tuple[str, ...]) -> None:
    """Kill processes at once, and wait until others have taken their places and are ready."""
    before = await asyncio.to_thread(pids, stack, names)
    assert set(before) == set(names)
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)
    async with asyncio.timeout(READY_SECONDS):
        while True:
            now = await asyncio.to_thread(stack.status)
            replaced = all(each["pid"] != before.get(each["service"]) for each in now)
            if replaced and all(each["ready"] for each in now):
                return
            await asyncio.sleep(PAUSE_SECONDS)


async def speaks(public: Public) -> None:
    """A voice client hears the agent, and what watches over the stack is told that all is well."""
    async with asyncio.timeout(READY_SECONDS), httpx.AsyncClient(timeout=5) as client:
        while (await client.get(public.address("edge-rest", "/health"))).status_code != 200:
            await asyncio.sleep(PAUSE_SECONDS)
        while True:
            try:
                created = await client.post(
                    public.address("edge-rest", "/api/v1/chat/guest-sessions"), json={}
                )
                path = f"/api/v1/chat/ws/guest-chat/{created.json()['session_id']}"
                async with connect(public.address("edge-ws", path, "ws"), max_size=None) as socket:
                    await socket.send(json.dumps({"type": "response.create"}))
                    while json.loads(await socket.recv())["type"] != "audio.done":
                        pass
                    return
            except (httpx.TransportError, OSError, InvalidHandshake, ConnectionClosed):
                await asyncio.sleep(PAUSE_SECONDS)


def assert_nothing_is_lost_or_doubled(stack: Any, talks: dict[str, Talk]) -> None:
    """Each message is in the log once, and has one end of a run."""
    for name, talk in talks.items():
        events = [event["headers"]["ce-type"] for event in stack.export(talk.conversation)]
        said = [each for each in events if each.startswith("message.")]
        ends = [each for each in events if each in ("run.completed", "run.interrupted")]
        assert len(said) == len(ends) == len(talk.seen), (name, events)
        assert not {"run.failed", "run.cancelled"} & set(events), (name, events)


async def disturbed(stack: Any, public: Public, victims: tuple[str, ...]) -> dict[str, Talk]:
    holding = asyncio.create_task(held(public))
    await asyncio.sleep(0)
    await kill(stack, victims)
    talks = await holding
    await speaks(public)
    return talks


@pytest.mark.timeout(300)
@pytest.mark.parametrize("victims", SHORT, ids="+".join)
async def test_what_is_killed_comes_back_and_nobody_is_told_otherwise(
    shipped: Any, undisturbed: dict[str, list[str]], victims: tuple[str, ...]
) -> None:
    talks = await disturbed(shipped, Public(shipped, "127.0.0.1"), victims)
    assert told(talks) == undisturbed
    await asyncio.to_thread(assert_nothing_is_lost_or_doubled, shipped, talks)
    assert "Violation" not in shipped.log()


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("victims", [*LONG, *SHORT], ids="+".join)
async def test_ten_times_over(
    shipped: Any, undisturbed: dict[str, list[str]], victims: tuple[str, ...]
) -> None:
    for _ in range(ROUNDS):
        talks = await disturbed(shipped, Public(shipped, "127.0.0.1"), victims)
        assert told(talks) == undisturbed
        await asyncio.to_thread(assert_nothing_is_lost_or_doubled, shipped, talks)
    assert "Violation" not in shipped.log()
