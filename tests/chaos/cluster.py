"""Three nats-servers that a fleet takes for one."""

import asyncio
import subprocess
from dataclasses import dataclass

import nats
from nats.errors import Error as NatsError
from tests.chaos.fleet import NatsServer

from contracts import subjects

WAIT_SECONDS = 60


@dataclass
class Cluster:
    """The servers, whose addresses are given together; those that are not there can be started."""

    servers: list[NatsServer]

    @property
    def address(self) -> str:
        return ",".join(server.address for server in self.servers)

    @property
    def url(self) -> str:
        return ",".join(server.url for server in self.servers)

    @property
    def process(self) -> subprocess.Popen[bytes] | None:
        """That of a server which is not there, if there is one."""
        return min((server.process for server in self.servers), key=_lives)

    def kill(self) -> None:
        """End those that are half dead."""
        for server in self.servers:
            if not _lives(server.process):
                server.kill()

    def start(self) -> None:
        """Start those that are not there."""
        for server in self.servers:
            if not _lives(server.process):
                server.start()

    async def leader(self) -> NatsServer:
        """The server that leads the log, once all three have all of it."""
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                try:
                    client = await nats.connect(self.url.split(","), allow_reconnect=False)
                    try:
                        info = await client.jetstream().stream_info(subjects.LOG_STREAM)
                    finally:
                        await client.close()
                except (NatsError, OSError):
                    await asyncio.sleep(0.1)
                    continue
                found = info.cluster
                current = [
                    each for each in (found and found.replicas) or () if each.current and not each.offline
                ]
                if found and found.leader and len(current) == len(self.servers) - 1:
                    return next(each for each in self.servers if each.url.endswith(f":{found.leader[1:]}"))
                await asyncio.sleep(0.1)


def _lives(process: subprocess.Popen[bytes] | None) -> bool:
    return process is not None and process.poll() is None
