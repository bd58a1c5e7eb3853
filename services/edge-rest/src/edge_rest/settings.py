"""What edge-rest can be told by ``PARLEY_…`` variables."""

from pydantic import Field, SecretStr

from chassis.settings import Settings, Words


class EdgeSettings(Settings):
    """Limits; times in seconds, sizes in bytes."""

    max_body: int = Field(default=1 << 20, gt=0)
    """Bytes of a request body; a larger one is refused."""
    query_timeout: float = Field(default=5.0, gt=0)
    """Seconds that a question to another service may take."""
    run_timeout: float = Field(default=600.0, gt=0)
    """Seconds that one attempt at a run may take."""
    agent_graph: str = "planner"
    """The graph that answers chats begun by the agent protocol."""
    octo_graph: str = "planner"
    """The graph that answers sessions begun by the octo protocol."""
    voice_graph: str = "chat"
    """The graph that answers voice sessions."""
    send_timeout: float = Field(default=30.0, gt=0)
    """Seconds that a client may leave frames unread before it is disconnected."""
    quote_wait: float = Field(default=3.0, ge=0)
    """How many seconds the fourth message of a quote talk waits for its reply."""
    quote_heartbeat: float = Field(default=15.0, gt=0)
    """Seconds between comments that keep an event stream alive."""
    quote_retry: float = Field(default=1.0, gt=0)
    """Seconds after which a browser opens an ended event stream again."""
    quote_stream_limit: float = Field(default=900.0, gt=0)
    """Seconds after which an event stream ends; browsers connect again."""
    webhook_secret: SecretStr = SecretStr("")
    """What webhooks are signed with; without it runs with a webhook are refused. `parley up` makes one."""
    webhook_private: bool = False
    """Whether webhooks may be posted to private and loopback addresses."""
    needs: Words = (
        "edge-ws",
        "agent-runner",
        "quote-engine",
        "history-store",
    )
    """The services without which /health answers 503."""
