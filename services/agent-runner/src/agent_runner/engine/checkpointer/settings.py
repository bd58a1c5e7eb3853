"""What the checkpointer can be told by ``PARLEY_CHECKPOINT_…`` variables."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class CheckpointSettings(BaseSettings):
    """All times in seconds.

    Attributes:
        cached_conversations: conversations whose newest state this process remembers.
        snapshot_after: checkpoints after which a full state may be stored again.
        append_attempts: how often an append of one's own is decided again when others append too.
        scan_idle: how long a scan of the whole log waits for its end where the last events were erased.
    """

    model_config = SettingsConfigDict(env_prefix="PARLEY_CHECKPOINT_", extra="ignore")

    cached_conversations: int = Field(default=256, ge=1)
    snapshot_after: int = Field(default=64, ge=1)
    append_attempts: int = Field(default=20, ge=1)
    scan_idle: float = Field(default=5.0, gt=0)
