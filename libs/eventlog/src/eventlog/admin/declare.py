"""Declares the streams as the operator: ``python -m eventlog.admin.declare``, with ``--keep`` for good.

`keeper` is the same as a service that can be watched.
"""

import argparse
import asyncio
import logging
import re
import sys
from contextlib import suppress
from typing import Final

from nats.errors import Error as NatsError
from pydantic import Field, field_validator
from pydantic_settings import SettingsConfigDict

from chassis.backoff import delays
from chassis.settings import Settings, WrongSetting, load
from eventlog.broker import Broker
from eventlog.configurations import GIB, LIVE_BYTES, TAKEOVER_SECONDS
from eventlog.ports import LogError
from eventlog.settings import NatsSettings
from eventlog.sharding import MAX_STREAMS
from eventlog.streams import WrongStream, declare, restore_live

logger = logging.getLogger(__name__)

LOOK_SECONDS: Final = 10.0
"""How often a stream is looked for that may have gone without a reconnect."""
OTHER_STREAMS_BYTES: Final = 2 * GIB
"""Dead letters, probes and what the server itself needs."""
SMALLEST_STORE_BYTES: Final = 3 * GIB
DEFAULT_LOG_BYTES: Final = 8 * GIB

_SIZE: Final = re.compile(r"([0-9]{1,15})([KMGT]?)(I?B)?", re.IGNORECASE)
_UNITS: Final = ("", "K", "M", "G", "T")


class StreamSettings(Settings):
    """Sizes in bytes, from ``PARLEY_STREAM_…``."""

    model_config = SettingsConfigDict(env_prefix="PARLEY_STREAM_")

    replicas: int = Field(default=1, ge=1, le=5)
    """On how many nats-servers each event is stored."""
    file_store: str = ""
    """How much disk all streams of a nats-server may use: its `max_file_store`, such as `80GB`."""
    log_bytes: int | None = Field(default=None, gt=0)
    """Bytes that the log may take, and as many for large payloads. Empty: derived from the disk."""
    live_bytes: int = Field(default=LIVE_BYTES, gt=0)
    """Bytes of live deltas that are kept for late joiners."""

    @field_validator("file_store")
    @classmethod
    def _large_enough(cls, text: str) -> str:
        if text and size(text) < SMALLEST_STORE_BYTES:
            raise ValueError("must be at least 3GB")
        return text

    @property
    def share(self) -> int:
        """Bytes for the log, and as many for large payloads."""
        if self.log_bytes is not None:
            return self.log_bytes
        if not self.file_store:
            return DEFAULT_LOG_BYTES
        return (size(self.file_store) - OTHER_STREAMS_BYTES) // 2


class LogSettings(Settings):
    """How the log is laid out."""

    model_config = SettingsConfigDict(env_prefix="PARLEY_")

    log_streams: int = Field(default=1, ge=1, le=MAX_STREAMS)
    """Over how many streams the log is laid, each with a leader of its own. More later by `parley spread`."""


class TakeoverSettings(Settings):
    """What the streams' consumers share with the services, in seconds."""

    model_config = SettingsConfigDict(env_prefix="PARLEY_")

    takeover_after: float = Field(default=TAKEOVER_SECONDS, ge=0.5)
    """Seconds of silence after which another process takes a run over."""


def size(text: str) -> int:
    """Bytes of a size as nats-server reads it: ``80GB`` and ``80GiB`` count by 1,024, ``80G`` by 1,000.

    Raises:
        ValueError: if it is none.
    """
    if (found := _SIZE.fullmatch(text.strip())) is None:
        raise ValueError("must be a size such as 80GB")
    number, unit, binary = found.groups()
    base: int = 1024 if binary else 1000
    exponent = _UNITS.index(unit.upper())
    return int(number) * int(base**exponent)


async def declare_as(broker: Broker, wanted: StreamSettings) -> None:
    """Create the streams, or bring them to these sizes. Raises as `streams.declare`."""
    await declare(
        broker.client,
        replicas=wanted.replicas,
        log_bytes=wanted.share,
        live_bytes=wanted.live_bytes,
        takeover_after=load(TakeoverSettings).takeover_after,
        streams=load(LogSettings).log_streams,
    )


async def main(*, keep: bool) -> None:
    """Connect as the services do, declare, and leave.

    Args:
        keep: stay instead, and make LIVE again whenever nats-server has forgotten it.
    """
    connection, wanted = load(NatsSettings), load(StreamSettings)
    broker = Broker(connection, "declare")
    try:
        await broker.reach()
        await declare_as(broker, wanted)
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


def run(*, keep: bool = False) -> None:
    """Declare them as the environment says, or end with one line."""
    try:
        asyncio.run(main(keep=keep))
    except (WrongSetting, LogError, NatsError, OSError) as error:
        sys.exit(f"cannot declare the streams: {error or type(error).__name__}")
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(prog="python -m eventlog.admin.declare", description=__doc__)
    arguments.add_argument("--keep", action="store_true", help="stay, and make LIVE again when it is missing")
    run(keep=arguments.parse_args().keep)
