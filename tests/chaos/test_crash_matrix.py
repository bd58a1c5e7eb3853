"""Every service and nats-server are killed before and after every append of scripted conversations.

What comes out must be what comes out undisturbed: the same facts and answers, no effect twice, nobody stuck.
To try another protocol, add how a client of it holds a conversation to `SCRIPTS`.
"""

import asyncio
import os
import random
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Final, NamedTuple, TypeAlias
from uuid import uuid4

import pytest
from tests.chaos.fleet import Fleet
from tests.chaos.stories import Story, story_of

from eventlog.faults import MYSELF
from eventlog.ports import Log

Script: TypeAlias = Callable[[Fleet, str], Awaitable[list[Any]]]
"""Holds a conversation and gives what the client saw, turn by turn."""

QUICK_POINTS: Final = 7
SOAK_SECONDS: Final = float(os.environ.get("CHAOS_SECONDS", "120"))
VICTIMS: Final = (
    "the one that appends",
    "nats-server",
    "agent-runner",
    "history-store",
    "edge-ws",
    "edge-rest",
)


async def _contract(fleet: Fleet, conversation: str) -> list[Any]:
    """Asks something, has a contract drafted, is asked, and answers with a change."""
    said = ("get all contacts", "계약서를 작성해주세요", "계약 금액을 1000만원으로 수정해주세요")
    return [await fleet.say(conversation, text, f"m{number}") for number, text in enumerate(said)]


async def _analysis(fleet: Fleet, conversation: str) -> list[Any]:
    """Has figures analysed and a report written."""
    said = ("2023년 매출 데이터를 분석해주세요", "월간 분석 보고서를 작성해줘")
    return [await fleet.say(conversation, text, f"m{number}") for number, text in enumerate(said)]


SCRIPTS: Mapping[str, Script] = {"agent: contract": _contract, "agent: analysis": _analysis}


class Point(NamedTuple):
    """Where somebody dies."""

    script: str
    victim: str
    number: int
    when: str


class Told(NamedTuple):
    """A conversation that nobody disturbed, and how many appends it took."""

    story: Story
    appends: int


async def tell(fleet: Fleet, log: Log, script: str) -> Story:
    conversation = f"{script} {uuid4()}"
    seen = await SCRIPTS[script](fleet, conversation)
    return await story_of(fleet, log, conversation, seen)


async def undisturbed(fleet: Fleet, log: Log) -> dict[str, Told]:
    """How each script goes when nothing happens."""
    told = {}
    for script in SCRIPTS:
        fleet.plan(0, "never")
        story = await tell(fleet, log, script)
        first = fleet.forget_plan()
        fleet.plan(0, "never")
        assert await tell(fleet, log, script) == story, "the script itself differs from one time to the next"
        told[script] = Told(story, min(first, fleet.forget_plan()))
    return told


def points(told: Mapping[str, Told]) -> list[Point]:
    """The whole matrix."""
    return [
        Point(script, victim, number, when)
        for victim in VICTIMS
        for script, (_, appends) in told.items()
        for number in range(1, appends + 1)
        for when in ("before", "after")
    ]


async def attempt(fleet: Fleet, log: Log, point: Point, expected: Story) -> bool:
    """Try one point; whether it was reached, since runs do not always need the same number of appends."""
    fleet.plan(point.number, point.when, victim_of(fleet, point.victim))
    async with fleet.mended_at_once():
        story = await tell(fleet, log, point.script)
    reached = not fleet.planned
    fleet.forget_plan()
    await fleet.mend()
    assert story == expected, point
    return reached


def victim_of(fleet: Fleet, name: str) -> int:
    if name == "the one that appends":
        return MYSELF
    if name == "nats-server":
        assert fleet.nats.process is not None
        return fleet.nats.process.pid
    return fleet.named(name)[0].pid


@pytest.fixture
async def verified(fleet: Fleet) -> AsyncIterator[None]:
    """In the end the projection is what the log says."""
    yield
    await fleet.mend()
    rebuilt = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "history_store", "rebuild", "--verify"],
        env=dict(fleet.one("history-store").environment),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert rebuilt.returncode == 0, rebuilt.stdout + rebuilt.stderr


@pytest.mark.slow
async def test_some_crashes_change_nothing(fleet: Fleet, log: Log, verified: None) -> None:
    told = await undisturbed(fleet, log)
    every = points(told)
    await try_all(fleet, log, told, every[:: len(every) // QUICK_POINTS][:QUICK_POINTS], len(every))


@pytest.mark.slow
async def test_no_crash_changes_anything(fleet: Fleet, log: Log, verified: None) -> None:
    told = await undisturbed(fleet, log)
    every = points(told)
    await try_all(fleet, log, told, every, len(every))


async def try_all(fleet: Fleet, log: Log, told: Mapping[str, Told], chosen: list[Point], whole: int) -> None:
    reached = [await attempt(fleet, log, point, told[point.script].story) for point in chosen]
    print(f"\n{sum(reached)} points of {whole} tried, {reached.count(False)} more were not reached")
    assert sum(reached) > len(reached) / 2


@pytest.mark.slow
async def test_random_crashes_change_nothing(fleet: Fleet, log: Log, verified: None) -> None:
    """``CHAOS_SEED`` tries the same again, ``CHAOS_SECONDS`` tries for longer."""
    seed = int(os.environ.get("CHAOS_SEED") or random.SystemRandom().randrange(1 << 32))
    chance = random.Random(seed)
    print(f"\nCHAOS_SEED={seed}")
    told = await undisturbed(fleet, log)
    every = points(told)
    clock = asyncio.get_running_loop().time
    end, tried = clock() + SOAK_SECONDS, 0
    while clock() < end:
        point = chance.choice(every)
        beside = chance.sample(sorted(SCRIPTS), chance.randint(0, 2))
        fleet.plan(point.number, point.when, victim_of(fleet, point.victim))
        async with fleet.mended_at_once():
            stories = await asyncio.gather(*(tell(fleet, log, script) for script in (point.script, *beside)))
        for script, story in zip((point.script, *beside), stories, strict=True):
            assert story == told[script].story, (point, script)
        await fleet.mend()
        tried += 1
    print(f"{tried} crashes")
