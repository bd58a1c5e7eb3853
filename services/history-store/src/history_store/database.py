"""The two kinds of database that the projection may lie in: SQLite in a file, or PostgreSQL."""

from typing import Any, Final

from sqlalchemy import event
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from history_store.containment import CONTAINS, contains

BUSY_SECONDS: Final = 10
CONNECT_SECONDS: Final = 5
STATEMENT_SECONDS: Final = 60
_POISON_STATES: Final = frozenset({"22", "23", "54"})
"""SQLSTATE classes: bad data, a broken constraint, a limit exceeded (such as the size of an index row)."""


def engine_of(url: str, *, embedded: bool) -> AsyncEngine:
    """The connections to a database, whose waits are bounded and whose errors tell no user's text."""
    if not embedded:
        return create_async_engine(
            url,
            hide_parameters=True,  # errors are logged, and messages' texts are not
            pool_size=5,
            max_overflow=5,
            pool_timeout=CONNECT_SECONDS,
            connect_args={"timeout": CONNECT_SECONDS, "command_timeout": STATEMENT_SECONDS},
        )
    engine = create_async_engine(url, hide_parameters=True, connect_args={"timeout": BUSY_SECONDS})

    @event.listens_for(engine.sync_engine, "connect")
    def configure(connection: Any, _: object) -> None:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.create_function(CONTAINS, 2, contains, deterministic=True)

    return engine


def is_poison(error: Exception) -> bool:
    """Whether an event's own content is what the projection or the database refuses."""
    if isinstance(error, DBAPIError):
        state = str(getattr(error.orig, "sqlstate", None) or "")
        return isinstance(error, DataError | IntegrityError) or state[:2] in _POISON_STATES
    return isinstance(error, ArithmeticError | AttributeError | LookupError | TypeError | ValueError)
