"""What the operator sets, beside NATS, HTTP and logging (`eventlog.settings`)."""

from pathlib import Path

from pydantic import Field

from chassis.settings import Settings, WrongSetting

_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
}


class HistorySettings(Settings):
    """Where the projection is kept; all times in seconds."""

    data_dir: Path = Path(".parley")
    """Where the log, the projections and the generated secrets are kept."""
    database_url: str | None = None
    """An SQLAlchemy URL for the projections. Empty: SQLite in PARLEY_DATA_DIR."""
    query_wait: float = Field(default=2.0, gt=0)
    """Seconds that a query waits for the projections to catch up with what it asks for."""
    outage_patience: float = Field(default=300.0, gt=0)
    """Seconds that the database or the log may be away before history-store ends."""
    ready_lag: int = Field(default=1000, ge=0)
    """Events that the projections may be behind and still be called ready."""

    def url(self) -> str:
        """The address as SQLAlchemy wants it, with the asynchronous driver.

        Raises:
            WrongSetting: if it is neither SQLite nor PostgreSQL.
        """
        given = self.database_url or f"sqlite:///{self.data_dir / 'history.sqlite3'}"
        scheme, separator, rest = given.partition("://")
        driver = _DRIVERS.get(scheme.partition("+")[0])
        if not separator or driver is None:
            raise WrongSetting("PARLEY_DATABASE_URL: must begin with sqlite:// or postgresql://")
        return f"{driver}://{rest}"
