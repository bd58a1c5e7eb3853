"""What the checkpointer can be told by ``PARLEY_CHECKPOINT_…`` variables."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from chassis.settings import Settings


class CheckpointSettings(Settings):
    """All times in seconds."""

    model_config = SettingsConfigDict(env_prefix="PARLEY_CHECKPOINT_")

    cached_conversations: int = Field(default=256, ge=1)
    """Conversations whose newest state an agent-runner remembers."""
    snapshot_after: int = Field(default=64, ge=1)
    """Checkpoints after which a full state may be stored again."""
    append_attempts: int = Field(default=20, ge=1)
    """How often saving a checkpoint is tried again when others append at the same time."""
    scan_idle: float = Field(default=5.0, gt=0)
    """Seconds that a scan of the log waits for its end if events were erased."""
