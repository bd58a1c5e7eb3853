"""What edge-ws can be told by ``PARLEY_…`` variables."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class EdgeSettings(BaseSettings):
    """Limits; times in seconds, sizes in bytes.

    Attributes:
        agent_graph: the graph that answers conversations begun by the agent protocol.
        octo_graph: the graph that answers conversations begun by the octo protocol.
        room_graph: the graph that answers conversations begun by the room protocol.
        max_frame: a larger frame is refused, and the connection goes on.
        max_websocket_message: a larger frame ends the connection, before it is in memory.
        send_timeout: how long a client may leave a frame unread before it is cut off.
        ping_interval: how often an idle connection is probed.
        voice_frame_rate: frames a second a voice client may send in the long run.
        voice_frame_burst: frames it may send at once.
        voice_speed: audio it may send in the long run, as a multiple of real time.
        voice_burst: audio it may send at once.
        voice_guests_per_address: talks of guests open at once; programs of this machine are not counted.
        flood_patience: how long a client that sends more is slowed down before it is cut off.
        reopen_timeout: how long a voice client waits for a replica of voice-bridge.
    """

    model_config = SettingsConfigDict(env_prefix="PARLEY_", extra="ignore")

    agent_graph: str = "planner"
    octo_graph: str = "planner"
    room_graph: str = "chat"
    max_frame: int = Field(default=1 << 20, gt=0)
    max_websocket_message: int = Field(default=16 << 20, gt=0)
    send_timeout: float = Field(default=30.0, gt=0)
    ping_interval: float = Field(default=20.0, gt=0)
    voice_frame_rate: float = Field(default=200.0, gt=0)
    voice_frame_burst: float = Field(default=1000.0, gt=0)
    voice_speed: float = Field(default=4.0, gt=0)
    voice_burst: float = Field(default=20.0, gt=0)
    voice_guests_per_address: int = Field(default=4, ge=0)
    flood_patience: float = Field(default=10.0, gt=0)
    reopen_timeout: float = Field(default=30.0, gt=0)
