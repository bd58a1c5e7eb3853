"""Is a process ready, is it alive? One fresh question, answered within a moment or no."""

import asyncio
from typing import Final

from chassis.backoff import delays
from parley.stack import nats
from parley.stack.services import NATS

PROBE_SECONDS: Final = 1.0
FIRST_PAUSE_SECONDS: Final = 0.02
LONGEST_PAUSE_SECONDS: Final = 0.25


async def ready(service: str, port: int) -> bool:
    """Whether the process of a service can do its work, asked on its internal port."""
    return await (nats.ready(port) if service == NATS else _answers(port, "/readyz", PROBE_SECONDS))


async def alive(service: str, port: int, within: float = PROBE_SECONDS) -> bool:
    """Whether the process of a service answers at all within so many seconds."""
    return await (nats.ready(port) if service == NATS else _answers(port, "/livez", within))


async def until_ready(service: str, port: int) -> None:
    """Ask again and again, with growing pauses, until the answer is yes. The caller bounds the wait."""
    for pause in delays(FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS):
        if await ready(service, port):
            return
        await asyncio.sleep(pause)


async def until_alive(service: str, port: int) -> None:
    """The same for `alive`."""
    for pause in delays(FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS):
        if await alive(service, port):
            return
        await asyncio.sleep(pause)


async def _answers(port: int, path: str, within: float) -> bool:
    try:
        async with asyncio.timeout(within):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
                status = await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError, ValueError):
        return False
    return status.split(b" ")[1:2] == [b"200"]
