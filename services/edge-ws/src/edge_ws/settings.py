"""What edge-ws can be told by ``PARLEY_…`` variables."""

from pydantic import Field

from chassis.settings import Settings


class EdgeSettings(Settings):
    """Limits; times in seconds, sizes in bytes."""

    agent_graph: str = "planner"
    """The graph that answers chats begun by the agent protocol."""
    octo_graph: str = "planner"
    """The graph that answers sessions begun by the octo protocol."""
    room_graph: str = "chat"
    """The graph that answers rooms."""
    max_frame: int = Field(default=1 << 20, gt=0)
    """Bytes of a frame; a larger one is refused, and the connection goes on."""
    max_websocket_message: int = Field(default=16 << 20, gt=0)
    """Bytes of a frame; a larger one ends the connection."""
    message_timeout: float = Field(default=60.0, gt=0)
    """Seconds that a frame may take from its first byte to its last."""
    unfinished_per_address: int = Field(default=64 << 20, gt=0)
    """Bytes of unfinished frames that are kept for one address."""
    send_timeout: float = Field(default=30.0, gt=0)
    """Seconds that a client may leave frames unread before it is disconnected."""
    ping_interval: float = Field(default=20.0, gt=0)
    """Seconds between probes of an idle WebSocket."""
    voice_frame_rate: float = Field(default=200.0, gt=0)
    """Frames a second that a voice client may send in the long run."""
    voice_frame_burst: float = Field(default=1000.0, gt=0)
    """Frames that it may send at once."""
    voice_speed: float = Field(default=4.0, gt=0)
    """Audio that it may send in the long run, as a multiple of real time."""
    voice_burst: float = Field(default=20.0, gt=0)
    """Seconds of audio that it may send at once."""
    voice_guests_per_address: int = Field(default=4, ge=0)
    """Talks of voice guests open at once from one address, beside this machine's own; 0: any number."""
    flood_patience: float = Field(default=10.0, gt=0)
    """Seconds for which a voice client that sends more is slowed down before it is disconnected."""
    reopen_timeout: float = Field(default=30.0, gt=0)
    """Seconds that a voice client waits for a replica of voice-bridge."""
