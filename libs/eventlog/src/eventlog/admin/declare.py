"""The one-shot that declares the streams: ``python -m eventlog.admin.declare``."""

import asyncio
import sys

from nats.errors import Error as NatsError
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from chassis.settings import WrongSetting, load
from eventlog.broker import Broker
from eventlog.ports import LogError
from eventlog.settings import NatsSettings
from eventlog.streams import GIB, LIVE_BYTES, declare


class StreamSettings(BaseSettings):
    """Sizes in bytes, from ``PARLEY_STREAM_…``."""

    model_config = SettingsConfigDict(env_prefix="PARLEY_STREAM_", extra="ignore")

    replicas: int = Field(default=1, ge=1, le=5)
    log_bytes: int = Field(default=8 * GIB, gt=0)
    live_bytes: int = Field(default=LIVE_BYTES, gt=0)


async def main() -> None:
    """Connect as the services do, declare, and leave."""
    connection, wanted = load(NatsSettings), load(StreamSettings)
    broker = Broker(connection, "declare")
    try:
        await broker.reach()
        await declare(
            broker.client,
            replicas=wanted.replicas,
            log_bytes=wanted.log_bytes,
            live_bytes=wanted.live_bytes,
        )
    finally:
        await broker.stop()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except (WrongSetting, LogError, NatsError, OSError) as error:
        sys.exit(f"cannot declare the streams: {error or type(error).__name__}")
