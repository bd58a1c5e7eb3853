"""Runners that are added while work waits take their share of it, and the figures say what waits."""

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from tests.chaos.conftest import bystander
from tests.chaos.fleet import NatsServer, Service, running_fleet

from contracts.events import ConversationStarted, MessageReceived
from eventlog.author import Author
from eventlog.ports import Log
from eventlog.turns.inbox import Inbox

PLACES = 3
"""Runs at once in each runner, each of which lasts until its gate is opened."""
ALONE = 2
TOGETHER = 2
"""Rounds by one runner and by three; in a round whatever runs is let end, and others take its places."""
REST = 4
"""What is left for the last round, which fills the places of one runner but not those of all."""
MESSAGES = PLACES * (ALONE + 3 * TOGETHER) + REST
BEHIND = (2, 4)
"""Further messages of two conversations that are being answered, by two runners."""
ALL_SECONDS = 120
FIGURE = re.compile(r'^parley_queue_(pending|behind|held)\{responder="agent-runner"\} (\S+)$', re.MULTILINE)


async def say(log: Log, conversation: str, count: int = 1) -> None:
    inbox = Inbox(log, Author(source="test"), queued=MESSAGES)
    opening = ConversationStarted(responder_name="agent-runner", graph="gated", protocol="agent")
    for _ in range(count):
        message = MessageReceived(addressee="agent-runner", text="hi", protocol="agent")
        await inbox.receive(conversation, message, opening)


def begun(folder: Path) -> dict[str, int]:
    """The process that runs or ran each conversation."""
    visits = (line.split() for line in (folder / "visits").read_text().splitlines())
    return {conversation: int(pid) for node, pid, conversation in visits if node == "second"}


def let_end(folder: Path, conversations: Sequence[str]) -> None:
    for conversation in conversations:
        (folder / f"open {conversation}").touch()


async def figures(runners: Sequence[Service]) -> list[dict[str, int]]:
    """What each runner tells of the queue."""
    async with httpx.AsyncClient(timeout=5) as client:
        shown = [await client.get(f"http://127.0.0.1:{each.port}/metrics") for each in runners]
    return [{name: int(float(value)) for name, value in FIGURE.findall(each.text)} for each in shown]


def depth(told: Sequence[dict[str, int]]) -> int:
    """What waits altogether, as docs/operations.md adds it up."""
    return max(each["pending"] for each in told) + sum(each["behind"] for each in told)


@pytest.mark.slow
async def test_runners_that_are_added_share_what_was_left(
    own_nats: NatsServer, unused_port: Callable[[], int], tmp_path: Path
) -> None:
    folder = tmp_path / "fleet"
    places = {"PARLEY_CONCURRENT_RUNS": str(PLACES)}
    with (
        running_fleet(own_nats, folder, {"agent-runner": 1}, unused_port, **places) as fleet,
        ExitStack() as ending,
    ):
        runners = fleet.named("agent-runner")

        async def running(expected: int, ended: int) -> list[str]:
            """The conversations that are running, once there are as many as expected, within every bound."""
            while True:
                newest = list(begun(folder).items())[ended:] if (folder / "visits").exists() else []
                shares = Counter(pid for _, pid in newest)
                assert max(shares.values(), default=0) <= PLACES, "one took more than it can run"
                if len(newest) == expected:
                    return [conversation for conversation, _ in newest]
                await asyncio.sleep(0.02)

        async with bystander(own_nats.address) as log, asyncio.timeout(ALL_SECONDS):
            for number in range(MESSAGES):
                await say(log, f"chat-{number}")
            ended = 0
            for _ in range(ALONE):
                now = await running(PLACES, ended)
                assert await figures(runners) == [
                    {"pending": MESSAGES - ended - PLACES, "behind": 0, "held": PLACES}
                ]
                let_end(folder, now)
                ended += len(now)
            first = runners[0]
            for number in (1, 2):
                added = Service(first.name, number, folder, unused_port(), first.environment)
                added.start()
                ending.callback(added.kill)
                runners = [*runners, added]
            await fleet.ready(runners)
            for _ in range(TOGETHER):
                now = await running(3 * PLACES, ended)
                assert Counter(begun(folder)[each] for each in now) == {each.pid: PLACES for each in runners}
                let_end(folder, now)
                ended += len(now)

            now = await running(REST, ended)
            by_runner = {begun(folder)[each]: each for each in now}
            for conversation, count in zip(by_runner.values(), BEHIND, strict=False):
                await say(log, conversation, count)
            while depth(told := await figures(runners)) != sum(BEHIND) or any(
                each["pending"] for each in told
            ):
                await asyncio.sleep(0.05)
            assert sorted(each["behind"] for each in told)[-2:] == list(BEHIND)
            let_end(folder, now)
            while depth(await figures(runners)):
                await asyncio.sleep(0.05)
