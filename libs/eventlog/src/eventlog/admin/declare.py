"""The one-shot that declares the streams: ``python -m eventlog.admin.declare``."""

import asyncio
import sys

from nats.errors import Error as NatsError
from pydantic import Field
from pydantic_settings import SettingsConfigDict

from chassis.settings import Settings, WrongSetting, load
from eventlog.broker import Broker
from eventlog.ports import LogError
from eventlog.settings import NatsSettings
from eventlog.streams import GIB, LIVE_BYTES, declare


class StreamSettings(Settings):
    """Sizes in bytes, from ``PARLEY_STREAM_…``."""

    model_config = SettingsConfigDict(env_prefix="PARLEY_STREAM_")

    replicas: int = Field(default=1, ge=1, le=5)
    """On how many nats-servers each event is."""
    log_bytes: int = Field(default=8 * GIB, gt=0)
    """Bytes of the log; a full log takes nothing more."""
    live_bytes: int = Field(default=LIVE_BYTES, gt=0)
    """Bytes of live deltas that are kept for late joiners."""


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
