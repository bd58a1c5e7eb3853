"""Declares the streams as the operator: ``python -m eventlog.admin.declare``, with ``--keep`` for good."""

import argparse
import asyncio
import logging
import sys
from contextlib import suppress
from typing import Final

from nats.errors import Error as NatsError
from pydantic import Field
from pydantic_settings import SettingsConfigDict

from chassis.backoff import delays
from chassis.settings import Settings, WrongSetting, load
from eventlog.broker import Broker
from eventlog.ports import LogError
from eventlog.settings import NatsSettings
from eventlog.streams import GIB, LIVE_BYTES, WrongStream, declare, restore_live

logger = logging.getLogger(__name__)

LOOK_SECONDS: Final = 10.0
"""How often a stream is looked for that may have gone without a reconnect."""


class StreamSettings(Settings):
    """Sizes in bytes, from ``PARLEY_STREAM_…``."""

    model_config = SettingsConfigDict(env_prefix="PARLEY_STREAM_")

    replicas: int = Field(default=1, ge=1, le=5)
    """On how many nats-servers each event is."""
    log_bytes: int = Field(default=8 * GIB, gt=0)
    """Bytes of the log; a full log takes nothing more."""
    live_bytes: int = Field(default=LIVE_BYTES, gt=0)
    """Bytes of live deltas that are kept for late joiners."""


async def main(*, keep: bool) -> None:
    """Connect as the services do, declare, and leave.

    Args:
        keep: stay instead, and make LIVE again whenever nats-server has forgotten it.
    """
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
        if keep:
            await keep_live(broker, wanted)
    finally:
        await broker.stop()


async def keep_live(broker: Broker, wanted: StreamSettings) -> None:
    """Make LIVE again whenever it is missing, until cancelled: at once after a reconnect."""
    reconnected = asyncio.Event()
    broker.interruptions.listen(reconnected.set)
    backoff = delays()
    while True:
        try:
            if await restore_live(broker.client, replicas=wanted.replicas, live_bytes=wanted.live_bytes):
                logger.warning("stream LIVE was missing and is there again")
        except WrongStream as error:
            logger.warning("stream LIVE is not kept: %s", error)
            await asyncio.sleep(next(backoff))
            continue
        backoff = delays()
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_SECONDS):
                await reconnected.wait()
        reconnected.clear()


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(prog="python -m eventlog.admin.declare", description=__doc__)
    arguments.add_argument("--keep", action="store_true", help="stay, and make LIVE again when it is missing")
    try:
        asyncio.run(main(keep=arguments.parse_args().keep))
    except (WrongSetting, LogError, NatsError, OSError) as error:
        sys.exit(f"cannot declare the streams: {error or type(error).__name__}")
    except KeyboardInterrupt:
        sys.exit(0)
