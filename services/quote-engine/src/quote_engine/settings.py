"""What quote-engine can be told by ``PARLEY_…`` variables."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class QuoteSettings(BaseSettings):
    """All times in seconds.

    Attributes:
        model: chat model as ``provider:name`` that reads the talk; empty for the rules alone.
        quotations: a file of quotations instead of the collection that comes with Parley.
        trained_reader: a reader that was trained helps the rules; it takes 50 MB once somebody talks.
        reading_patience: how long a message may be read before it gets a careful reply unread.
        model_patience: how long the chat model has before the rules answer alone.
        history_patience: how long history-store has to tell which quotations a user knows.
        takeover_after: how long an engine may be silent before another takes its work over.
        max_attempts: how often a message is taken over before it is given up.
        concurrent_replies: replies in the making at the same time in this process.
    """

    model_config = SettingsConfigDict(env_prefix="PARLEY_", extra="ignore")

    model: str = ""
    quotations: Path | None = None
    trained_reader: bool = True
    reading_patience: float = Field(default=10.0, gt=0)
    model_patience: float = Field(default=10.0, gt=0)
    history_patience: float = Field(default=5.0, gt=0)
    takeover_after: float = Field(default=2.0, ge=0.5)
    max_attempts: int = Field(default=5, ge=1)
    concurrent_replies: int = Field(default=64, ge=1)
