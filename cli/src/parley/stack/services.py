"""What the stack starts: the one table, and the environment each program gets."""

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass

from eventlog.admin.permissions import OPERATOR
from parley.stack import nats

GATEWAY = "gateway"
NATS = "nats-server"
GRAPHS = "agent-runner"
"""The service that has the users' graphs in it."""
GATEWAY_STAGE = 2


@dataclass(frozen=True, slots=True)
class Service:
    """One program of the stack: a Python module that is run.

    Attributes:
        stage: stages stop in descending order; nats-server is 0.
    """

    name: str
    module: str
    stage: int

    @property
    def installed(self) -> bool:
        """Whether the module can be started here."""
        try:
            return importlib.util.find_spec(self.module) is not None
        except ModuleNotFoundError:
            return False


# The edges stop before the gateway: their close frames go out through it.
SERVICES = (
    Service(OPERATOR, "eventlog.admin.keeper", 1),
    Service("history-store", "history_store", 1),
    Service(GRAPHS, "agent_runner", 1),
    Service("quote-engine", "quote_engine", 1),
    Service("voice-bridge", "voice_bridge", 1),
    Service("edge-ws", "edge_ws", 3),
    Service("edge-rest", "edge_rest", 3),
)


def environment(
    base: Mapping[str, str], *, data_dir: str, nats_port: int, secrets: Mapping[str, str]
) -> dict[str, str]:
    """What every service is told, beside its own ``PARLEY_HTTP_PORT`` and who it is at NATS.

    Args:
        secrets: of the installation, which take the place of variables that are empty.
    """
    return {
        "PARLEY_DATABASE_URL": f"sqlite+aiosqlite:///{data_dir}/history.db",
        **base,
        **{name: base.get(name) or secret for name, secret in secrets.items()},
        "PYTHONUNBUFFERED": "1",
        "PARLEY_DATA_DIR": data_dir,
        "PARLEY_HTTP_HOST": "127.0.0.1",
        "PARLEY_NATS_URL": f"nats://127.0.0.1:{nats_port}",
    }


def credentials(user: str, nats_secret: str) -> dict[str, str]:
    """Who a program is at NATS."""
    return {"PARLEY_NATS_USER": user, "PARLEY_NATS_PASSWORD": nats.password(user, nats_secret)}
