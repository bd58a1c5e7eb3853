"""Every service and nats-server are killed before and after every append of scripted conversations.

What comes out must be what comes out undisturbed: the same facts and answers, no effect twice, nobody stuck.
The conversations are in `scripts`.
"""

import asyncio
import itertools
import os
import random
import subprocess
import sys
from collections.abc import AsyncIterator, Collection, Mapping
from typing import Final, NamedTuple
from uuid import uuid4

import pytest
from tests.chaos.fleet import Fleet
from tests.chaos.scripts import SCRIPTS
from tests.chaos.stories import Story, difference, story_of

from eventlog.faults import MYSELF
from eventlog.ports import Log

QUICK_SEED: Final = 7
SOAK_SECONDS: Final = float(os.environ.get("CHAOS_SECONDS", "120"))
PIECE_SECONDS: Final = 600
VICTIMS: Final = (
    "the one that appends",
    "nats-server",
    "agent-runner",
    "quote-engine",
    "history-store",
    "edge-ws",
    "edge-rest",
)


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
    talk = await SCRIPTS[script](fleet, uuid4().hex[:12])
    return await story_of(fleet, log, talk.conversation, talk.seen)


async def undisturbed(fleet: Fleet, log: Log, scripts: Collection[str]) -> dict[str, Told]:
    """How each script goes when nothing happens."""
    told = {}
    for script in scripts:
        fleet.plan(0, "never")
        story = await tell(fleet, log, script)
        first = fleet.forget_plan()
        fleet.plan(0, "never")
        again = await tell(fleet, log, script)
        assert again == story, f"the script itself differs\n{difference(story, again)}"
        told[script] = Told(story, min(first, fleet.forget_plan()))
    return told


def points(told: Mapping[str, Told], victims: Collection[str] = VICTIMS) -> list[Point]:
    """The matrix of some scripts and victims."""
    return [
        Point(script, victim, number, when)
        for victim in victims
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
    assert story == expected, f"{point}\n{difference(expected, story)}"
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


@pytest.mark.timeout(PIECE_SECONDS)
async def test_some_crashes_change_nothing(fleet: Fleet, log: Log, verified: None) -> None:
    """Each victim once, in one conversation after another."""
    told = await undisturbed(fleet, log, SCRIPTS)
    chance = random.Random(QUICK_SEED)
    rows = zip(VICTIMS, itertools.cycle(SCRIPTS), strict=False)
    chosen = [chance.choice(points({script: told[script]}, [victim])) for victim, script in rows]
    await try_all(fleet, log, told, chosen)


@pytest.mark.slow
@pytest.mark.timeout(PIECE_SECONDS)
@pytest.mark.parametrize("victim", VICTIMS)
@pytest.mark.parametrize("script", SCRIPTS)
async def test_no_crash_changes_anything(
    fleet: Fleet, log: Log, verified: None, script: str, victim: str
) -> None:
    told = await undisturbed(fleet, log, [script])
    await try_all(fleet, log, told, points(told, [victim]))


async def try_all(fleet: Fleet, log: Log, told: Mapping[str, Told], chosen: list[Point]) -> None:
    reached = [await attempt(fleet, log, point, told[point.script].story) for point in chosen]
    whole = len(points(told))
    print(f"\n{sum(reached)} of the {whole} points tried, {reached.count(False)} more were not reached")
    assert sum(reached) > len(reached) / 2


@pytest.mark.slow
@pytest.mark.timeout(SOAK_SECONDS + PIECE_SECONDS)
async def test_random_crashes_change_nothing(fleet: Fleet, log: Log, verified: None) -> None:
    """``CHAOS_SEED`` tries the same again, ``CHAOS_SECONDS`` tries for longer."""
    seed = int(os.environ.get("CHAOS_SEED") or random.SystemRandom().randrange(1 << 32))
    chance = random.Random(seed)
    print(f"\nCHAOS_SEED={seed}")
    told = await undisturbed(fleet, log, SCRIPTS)
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
