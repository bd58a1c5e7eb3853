"""Is a process ready? One fresh question, answered within a second or no."""

import asyncio

from parley.stack import nats
from parley.stack.services import NATS

PROBE_SECONDS = 1.0
FIRST_PAUSE_SECONDS = 0.02
LONGEST_PAUSE_SECONDS = 0.25


async def ready(service: str, port: int) -> bool:
    """Ask the process of a service on its internal port."""
    return await (nats.ready(port) if service == NATS else _answers_readyz(port))


async def until_ready(service: str, port: int) -> None:
    """Ask again and again, with growing pauses, until the answer is yes. The caller bounds the wait."""
    pause = FIRST_PAUSE_SECONDS
    while not await ready(service, port):
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE_SECONDS)


async def _answers_readyz(port: int) -> bool:
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                status = await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError, ValueError):
        return False
    return status.split(b" ")[1:2] == [b"200"]
