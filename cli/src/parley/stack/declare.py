"""Create the streams, once, before the services start: ``python -m parley.stack.declare <log bytes>``.

A process of its own, so that the supervisor never loads the log's library.
"""

import asyncio
import sys

from eventlog.broker import Broker
from eventlog.settings import NatsSettings
from eventlog.streams import declare


async def main(log_bytes: int) -> None:
    """Connect as the services do and declare for one node."""
    broker = Broker(NatsSettings(), "parley-declare")
    await broker.connect()
    try:
        await declare(broker.client, replicas=1, log_bytes=log_bytes)
    finally:
        await broker.stop()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
