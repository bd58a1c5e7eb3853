"""What the operator sets, beside NATS, HTTP and logging (`eventlog.settings`)."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from chassis.settings import WrongSetting

_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
}


class HistorySettings(BaseSettings):
    """Where the projection is kept; all times in seconds.

    Attributes:
        data_dir: where the SQLite file lies when there is no `database_url`.
        database_url: ``sqlite:///file`` or ``postgresql://user:password@host/database``.
        query_wait: how long a query waits for the projection to reach the sequence it asks for.
        outage_patience: how long the database or the log may be away before the process ends,
            to be started anew by whoever supervises it.
        ready_lag: how many events the projection may be behind and still be called ready.
    """

    model_config = SettingsConfigDict(env_prefix="PARLEY_", extra="ignore")

    data_dir: Path = Path(".parley")
    database_url: str | None = None
    query_wait: float = Field(default=2.0, gt=0)
    outage_patience: float = Field(default=300.0, gt=0)
    ready_lag: int = Field(default=1000, ge=0)

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
