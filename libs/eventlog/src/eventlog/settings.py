"""How a service reaches NATS, from ``PARLEY_NATS_…`` variables."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class NatsSettings(BaseSettings):
    """Connection and time limits; all times in seconds.

    Attributes:
        url: one or more server addresses, comma separated.
        request_timeout: how long one request may take.
        append_deadline: how long an append may take with all its retries.
        idle_check: how long a follower waits in silence before it looks at the log itself.
    """

    model_config = SettingsConfigDict(env_prefix="PARLEY_NATS_", extra="ignore")

    url: str = "nats://127.0.0.1:4222"
    user: str | None = None
    password: SecretStr | None = None
    request_timeout: float = Field(default=2.0, gt=0)
    append_deadline: float = Field(default=10.0, gt=0)
    idle_check: float = Field(default=15.0, gt=0)


class HttpSettings(BaseSettings):
    """Where a service answers ``/livez``, ``/readyz``, ``/metrics`` and, at the edges, its clients."""

    model_config = SettingsConfigDict(env_prefix="PARLEY_HTTP_", extra="ignore")

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
