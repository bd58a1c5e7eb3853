"""What edge-ws can be told by ``PARLEY_…`` variables."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class EdgeSettings(BaseSettings):
    """Limits; times in seconds, sizes in bytes.

    Attributes:
        agent_graph: the graph that answers conversations begun by the agent protocol.
        max_frame: a larger frame is refused, and the connection goes on.
        max_websocket_message: a larger frame ends the connection, before it is in memory.
        send_timeout: how long a client may leave a frame unread before it is cut off.
        ping_interval: how often an idle connection is probed.
    """

    model_config = SettingsConfigDict(env_prefix="PARLEY_", extra="ignore")

    agent_graph: str = "planner"
    max_frame: int = Field(default=1 << 20, gt=0)
    max_websocket_message: int = Field(default=16 << 20, gt=0)
    send_timeout: float = Field(default=30.0, gt=0)
    ping_interval: float = Field(default=20.0, gt=0)
