"""What every service is told about NATS by ``PARLEY_NATS_…`` variables."""

from pydantic import Field, FilePath, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class NatsSettings(BaseSettings):
    """Connection and time limits; all times in seconds.

    Attributes:
        url: one or more server addresses, comma separated.
        user: also names the inbox that answers come to, ``_INBOX.<user>``, which no other user may read.
        tls_ca: a file of the certificates to trust; with it the connection is encrypted or fails.
        request_timeout: how long one request may take.
        connect_deadline: how long the first connection may take.
        append_deadline: how long an append may take with all its retries, and a follower sits out that the
            log does not answer.
        idle_check: how long a follower waits in silence before it looks at the log itself.
    """

    model_config = SettingsConfigDict(env_prefix="PARLEY_NATS_", extra="ignore")

    url: str = "nats://127.0.0.1:4222"
    user: str | None = None
    password: SecretStr | None = None
    tls_ca: FilePath | None = None
    request_timeout: float = Field(default=2.0, gt=0)
    connect_deadline: float = Field(default=10.0, gt=0)
    append_deadline: float = Field(default=10.0, gt=0)
    idle_check: float = Field(default=15.0, gt=0)
