"""PostgreSQL is away: talking goes on, histories say so within bounds, and the projection catches up."""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from tests.chaos.fleet import MODULES, Fleet, NatsServer, running_fleet
from tests.chaos.postgres import Postgres, running_postgres

WAIT_SECONDS = 60
BOUND_SECONDS = 120.0
"""Of a history that is refused after `PARLEY_QUERY_TIMEOUT`: much more, since the machine may be busy."""

AWAY = {
    "killed": (Postgres.kill, Postgres.start),
    "silent": (Postgres.stand_still, Postgres.go_on),
}


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    with running_postgres(tmp_path_factory.mktemp("runtime")) as server:
        yield server


@pytest.fixture(scope="module")
def projecting(
    postgres: Postgres,
    start_nats: Callable[[Path, int], AbstractContextManager[list[NatsServer]]],
    tmp_path_factory: pytest.TempPathFactory,
    unused_port: Callable[[], int],
) -> Iterator[Fleet]:
    """A fleet whose projection lies in that PostgreSQL."""
    folder = tmp_path_factory.mktemp("fleet")
    counts = dict.fromkeys(MODULES, 1)
    with (
        start_nats(folder / "nats", 1) as (nats,),
        running_fleet(nats, folder, counts, unused_port, PARLEY_DATABASE_URL=postgres.url) as fleet,
    ):
        yield fleet


async def refused_history(fleet: Fleet, chat_id: str) -> None:
    """Ask for a history that nobody can give now."""
    async with httpx.AsyncClient(timeout=BOUND_SECONDS) as client:
        answer = await client.get(fleet.address("edge-rest", f"/history/{quote(chat_id, safe='')}"))
    assert answer.status_code == 503
    assert "not available" in answer.json()["detail"]


@pytest.mark.parametrize("how", list(AWAY))
@pytest.mark.parametrize("seconds", [3, pytest.param(60, marks=pytest.mark.slow)])
@pytest.mark.timeout(300)
async def test_postgresql_away_for_a_while(
    postgres: Postgres, projecting: Fleet, conversation: str, how: str, seconds: int
) -> None:
    leave, come_back = AWAY[how]
    fleet, store = projecting, projecting.one("history-store")
    clock = asyncio.get_running_loop().time
    await fleet.say(conversation, "get all contacts", "m0")
    before = await fleet.history(conversation)

    leave(postgres)
    until, turns = clock() + seconds, 1
    try:
        while clock() < until:
            answer = await fleet.say(conversation, "get all contacts", f"m{turns}")
            assert answer[-1]["type"] == "message_end"
            turns += 1
            await refused_history(fleet, conversation)
            assert "the database does not answer" in " ".join(await store.problems() or [])
            assert await fleet.one("edge-ws").problems() == []
    finally:
        come_back(postgres)

    async with asyncio.timeout(WAIT_SECONDS):
        while await store.problems() != []:
            await asyncio.sleep(0.05)
    told = await fleet.history(conversation)
    assert told[: len(before)] == before
    assert [entry["role"] for entry in told].count("user") == turns
    assert not store.dead
    verified = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "history_store", "rebuild", "--verify"],
        env=dict(store.environment),
        capture_output=True,
        text=True,
        timeout=WAIT_SECONDS,
    )
    assert verified.returncode == 0, verified.stdout + verified.stderr
