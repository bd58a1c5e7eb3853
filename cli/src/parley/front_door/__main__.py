"""``python -m parley.front_door``: the door as a process of the stack.

The supervisor listens on the public ports; the door inherits its sockets.
"""

import asyncio
import os
import resource
import signal
import socket
from collections.abc import Mapping

import uvloop

from parley.front_door.client import Client
from parley.front_door.door import Door

DRAIN_SECONDS = 6.0


async def serve(environ: Mapping[str, str]) -> None:
    """Serve until SIGTERM, then drain."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop.set)
    door = Door(
        websockets=int(environ["PARLEY_DOOR_WEBSOCKETS"]), requests=int(environ["PARLEY_DOOR_REQUESTS"])
    )
    listeners = [socket.socket(fileno=int(each)) for each in environ["PARLEY_DOOR_LISTENERS"].split(",")]
    for (
        listener
    ) in listeners:  # accepted connections inherit it: a client that vanished is noticed in the end
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    servers = [
        await loop.create_server(lambda: Client(door), sock=listener, backlog=1024) for listener in listeners
    ]
    probes = await asyncio.start_server(
        _answer_probe, environ["PARLEY_HTTP_HOST"], int(environ["PARLEY_HTTP_PORT"])
    )
    sweeper = asyncio.create_task(door.sweep())
    await stop.wait()
    for server in (*servers, probes):
        server.close()
    await door.drain(DRAIN_SECONDS)
    sweeper.cancel()


async def _answer_probe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Anything asked inside means the same: is the event loop alive?"""
    async with asyncio.timeout(1):
        await reader.readline()
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    writer.close()


def main() -> None:
    """Run; a connection takes two file descriptors, so take as many as are allowed."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    uvloop.run(serve(os.environ))


if __name__ == "__main__":
    main()
