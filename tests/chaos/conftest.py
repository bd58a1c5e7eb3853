"""What the chaos tests stand on: a fleet of services with two runners, and the log that they share."""

import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import pytest
import trustme
from pydantic import SecretStr
from tests.chaos.fleet import Fleet, NatsServer, running_fleet
from tests.chaos.postgres import running_postgres

from contracts.events import REGISTERED, UPCASTERS
from contracts.registry import Registry
from eventlog.admin.permissions import OPERATOR
from eventlog.broker import Broker
from eventlog.jetstream import JetStreamLog
from eventlog.settings import NatsSettings

COUNTS = {
    "history-store": 1,
    "agent-runner": 2,
    "quote-engine": 1,
    "voice-bridge": 1,
    "edge-ws": 1,
    "edge-rest": 1,
}

PLAIN = "SQLite"
SECURED = "PostgreSQL and TLS"
PARTS = {PLAIN, "PostgreSQL", "TLS"}
ONLY = "TEST_FLEET"
"""A variable with the one configuration that is to be tried."""
CERTIFICATES = Path(__file__).parents[2] / "deploy/nats/tls.conf"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """What is quick is tried in the second configuration as well, among what is slow."""
    if "shared_fleet" not in metafunc.fixturenames:
        return
    is_quick = metafunc.definition.get_closest_marker("slow") is None
    more = [pytest.param(SECURED, marks=pytest.mark.slow)] if is_quick else []
    only = [pytest.param(each, marks=pytest.mark.fleet) for each in (os.environ.get(ONLY),) if each]
    metafunc.parametrize("shared_fleet", only or [PLAIN, *more], indirect=True, scope="session")


@pytest.fixture(scope="session")
def shared_fleet(
    request: pytest.FixtureRequest,
    start_nats: Callable[..., AbstractContextManager[list[NatsServer]]],
    tmp_path_factory: pytest.TempPathFactory,
    unused_port: Callable[[], int],
) -> Iterator[Fleet]:
    """One fleet for all tests, since its start takes longer than they do."""
    folder = tmp_path_factory.mktemp("fleet")
    parts = set(request.param.split(" and "))
    assert parts <= PARTS, f"{ONLY} is made of {PARTS}"
    with ExitStack() as stack:
        lines, own = "", dict[str, str]()
        if "TLS" in parts:
            lines, own = stack.enter_context(secured(folder))
        if "PostgreSQL" in parts:
            own["PARLEY_DATABASE_URL"] = stack.enter_context(running_postgres(folder)).url
        (nats,) = stack.enter_context(start_nats(folder / "nats", 1, lines))
        yield stack.enter_context(running_fleet(nats, folder, COUNTS, unused_port, True, **own))


@contextmanager
def secured(folder: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """The lines of a nats-server with TLS, and what services are told of it."""
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    certificate.cert_chain_pems[0].write_to_path(folder / "tls.crt")
    certificate.private_key_pem.write_to_path(folder / "tls.key")
    authority.cert_pem.write_to_path(folder / "ca.crt")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SSL_CERT_FILE", str(folder / "ca.crt"))  # for those who look on
        told = {"PARLEY_NATS_TLS_CA": str(folder / "ca.crt")}
        yield CERTIFICATES.read_text().replace("/etc/nats/tls", str(folder)), told


@pytest.fixture
async def fleet(shared_fleet: Fleet) -> AsyncIterator[Fleet]:
    """The fleet, whole at the beginning whatever the test before has done to it."""
    shared_fleet.forget_plan()
    await shared_fleet.mend()
    yield shared_fleet
    shared_fleet.forget_plan()


@pytest.fixture
async def log(fleet: Fleet) -> AsyncIterator[JetStreamLog]:
    """The fleet's log, as a bystander reads it."""
    async with bystander(fleet.nats.address) as found:
        yield found


@asynccontextmanager
async def bystander(address: str) -> AsyncIterator[JetStreamLog]:
    """A log over a connection of its own.

    The name stands apart from the address: one in the address is not told to servers heard of later.
    """
    settings = NatsSettings(url=address, user=OPERATOR, password=SecretStr(OPERATOR))
    broker = Broker(settings, "bystander")
    await broker.start()
    yield JetStreamLog(broker, Registry(REGISTERED, UPCASTERS), settings)
    await broker.stop()
