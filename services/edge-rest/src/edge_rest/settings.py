"""What edge-rest can be told by ``PARLEY_…`` variables."""

from typing import Annotated

from pydantic import Field
from pydantic.functional_validators import BeforeValidator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


def _split(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


class EdgeSettings(BaseSettings):
    """Limits; times in seconds, sizes in bytes.

    Attributes:
        max_body: a larger request body is refused.
        query_timeout: how long a query to another service may take.
        run_timeout: how long a caller waits for a run.
        octo_graph: the graph that answers conversations begun by the octo protocol.
        send_timeout: how long a client may take to read what it is sent.
        quote_wait: how long the fourth message of a quote talk waits for its reply.
        quote_heartbeat: a comment is sent this often to keep a stream alive.
        quote_retry: how soon a browser comes back when a stream has ended.
        quote_stream_limit: a stream that waits for longer is ended; browsers come back by themselves.
        needs: the services without which ``/health`` answers 503.
    """

    model_config = SettingsConfigDict(env_prefix="PARLEY_", extra="ignore")

    max_body: int = Field(default=1 << 20, gt=0)
    query_timeout: float = Field(default=5.0, gt=0)
    run_timeout: float = Field(default=600.0, gt=0)
    octo_graph: str = "planner"
    send_timeout: float = Field(default=30.0, gt=0)
    quote_wait: float = Field(default=3.0, ge=0)
    quote_heartbeat: float = Field(default=15.0, gt=0)
    quote_retry: float = Field(default=1.0, gt=0)
    quote_stream_limit: float = Field(default=900.0, gt=0)
    needs: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)] = (
        "edge-ws",
        "agent-runner",
        "quote-engine",
        "history-store",
    )
