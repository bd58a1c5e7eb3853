"""The one-shot that declares the streams: ``python -m eventlog.declare``."""

import asyncio
import sys

import nats
from nats.errors import Error as NatsError
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from eventlog.ports import LogError
from eventlog.settings import NatsSettings
from eventlog.streams import GIB, declare


class StreamSettings(BaseSettings):
    """Sizes in bytes, from ``PARLEY_STREAM_…``."""

    model_config = SettingsConfigDict(env_prefix="PARLEY_STREAM_", extra="ignore")

    replicas: int = Field(default=1, ge=1, le=5)
    log_bytes: int = Field(default=8 * GIB, gt=0)
    live_bytes: int = Field(default=GIB // 4, gt=0)


async def main() -> None:
    """Connect as configured, declare, and leave."""
    connection, wanted = NatsSettings(), StreamSettings()
    client = await nats.connect(
        connection.url.split(","),
        user=connection.user,
        password=connection.password.get_secret_value() if connection.password else None,
        max_reconnect_attempts=20,
    )
    try:
        await declare(
            client, replicas=wanted.replicas, log_bytes=wanted.log_bytes, live_bytes=wanted.live_bytes
        )
    finally:
        await client.close()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except (LogError, NatsError, OSError) as error:
        sys.exit(f"cannot declare the streams: {error or type(error).__name__}")
