"""What quote-engine can be told by ``PARLEY_…`` variables."""

from pathlib import Path

from pydantic import Field, SecretStr

from chassis.settings import Settings


class QuoteSettings(Settings):
    """All times in seconds."""

    model: str = ""
    """A chat model such as `openai:gpt-4o`. Empty: the embedded model, which needs no key."""
    model_url: str = ""
    """The address of a model server, such as `http://localhost:11434/v1`. Empty: the provider's own."""
    model_key: SecretStr = SecretStr("")
    """The provider's key. Empty: from the provider's own variable, such as `OPENAI_API_KEY`."""
    quotations: Path | None = None
    """Your own quotations, one JSON object a line. Empty: the collection that comes with Parley."""
    trained_reader: bool = True
    """Whether a trained reader, where it is installed, helps the rules in quote talks (50 MB once used)."""
    reading_patience: float = Field(default=10.0, gt=0)
    """Seconds that reading a message may take; after that the user gets a careful reply."""
    model_patience: float = Field(default=10.0, gt=0)
    """Seconds that the chat model has to read a quote talk before the rules answer alone."""
    history_patience: float = Field(default=5.0, gt=0)
    """Seconds that history-store has to tell which quotations a user knows."""
    takeover_after: float = Field(default=2.0, ge=0.5)
    """Seconds of silence after which another process takes a run over."""
    max_attempts: int = Field(default=5, ge=1)
    """How often a run is taken over before it is given up."""
    concurrent_replies: int = Field(default=64, ge=1)
    """Replies of quote talks that one process makes at the same time."""
