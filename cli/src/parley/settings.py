"""The settings of the embedded stack, and how all are read from the environment and ``.env``.

The supervisor reads this, so nothing heavy is imported here; the services read their own with pydantic.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dotenv import dotenv_values

from chassis.variables import PREFIX, complaint


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting that the stack reads by itself."""

    name: str
    default: str
    meaning: str


SETTINGS = (
    Setting(
        "PARLEY_DATA_DIR", ".parley", "Where the log, the projections and the generated secrets are kept."
    ),
    Setting("PARLEY_HOST", "127.0.0.1", "The address to listen on."),
    Setting(
        "PARLEY_ALLOW_INSECURE_BIND",
        "",
        "`yes` allows PARLEY_HOST to be an address that others can reach, though no API keys are set.",
    ),
    Setting(
        "PARLEY_HANG_TIMEOUT",
        "30",
        "Seconds for which a process of the stack may leave /livez unanswered; then it is restarted.",
    ),
    Setting("PARLEY_PORT", "8000", "The public port. Every protocol is served on every port."),
    Setting("PARLEY_QUOTE_PORT", "3001", "The quote protocol's own port."),
    Setting("PARLEY_AGENT_WS_PORT", "8765", "The agent WebSocket's own port."),
    Setting("PARLEY_AGENT_RUN_PORT", "8001", "The port of POST /agent/run."),
    Setting(
        "PARLEY_LANGGRAPH_PORT",
        "2024",
        "The LangGraph API's own port. If it is not set and another process uses it, it is left out.",
    ),
    Setting(
        "PARLEY_TRUSTED_PROXIES",
        "",
        "Proxies that are trusted to tell a client's address: addresses or networks, separated by spaces.",
    ),
    Setting("PARLEY_URL", "", "The server that `parley chat` talks to. Empty: the stack here."),
)


class SettingsError(Exception):
    """A setting that cannot be used. The message is one line and names it."""


PORTS = (
    "PARLEY_PORT",
    "PARLEY_QUOTE_PORT",
    "PARLEY_AGENT_WS_PORT",
    "PARLEY_AGENT_RUN_PORT",
    "PARLEY_LANGGRAPH_PORT",
)
OPTIONAL_PORTS = frozenset({"PARLEY_LANGGRAPH_PORT"})
"""Everything there is on PARLEY_PORT too, and `langgraph dev` may be running beside."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings in force.

    Attributes:
        data_dir: absolute.
        host: the address to listen on.
        ports: the public ports by the name of their setting.
        optional: the settings of ports that may be left out where another process has them.
        hang_timeout: seconds after which a process that does not answer is started anew.
        environment: the process environment with ``.env`` laid under it, empty settings left out.
    """

    data_dir: Path
    host: str
    ports: Mapping[str, int]
    optional: frozenset[str]
    hang_timeout: float
    environment: Mapping[str, str]

    @classmethod
    def load(cls, environ: Mapping[str, str], dotenv: Path) -> "Settings":
        """Read the settings; a variable of the environment wins over the same one in `dotenv`.

        Raises:
            SettingsError: for an unknown name with our prefix or a value that cannot be used.
        """
        environment = merged(environ, dotenv)
        if wrong := complaint(environment):
            raise SettingsError(f"{wrong} (.env.example lists all)")
        values = {setting.name: environment.get(setting.name, setting.default) for setting in SETTINGS}
        ports = {name: _port(name, values[name]) for name in PORTS}
        for name, port in ports.items():
            if twin := next((other for other in PORTS if other != name and ports[other] == port), None):
                raise SettingsError(f"{name} and {twin} are both {port}")
        host = values["PARLEY_HOST"]
        if _is_loopback(host):
            environment.setdefault("PARLEY_SHOW_ERRORS", "yes")  # whoever develops here may read them
        has_keys = any(key.strip() for key in environment.get("PARLEY_API_KEYS", "").split(","))
        _check_proxies(values["PARLEY_TRUSTED_PROXIES"])
        _check_host(host, allowed=has_keys or values["PARLEY_ALLOW_INSECURE_BIND"] == "yes")
        return cls(
            data_dir=Path(values["PARLEY_DATA_DIR"]).expanduser().resolve(),
            host=host,
            ports=ports,
            optional=OPTIONAL_PORTS - environment.keys(),
            hang_timeout=_seconds("PARLEY_HANG_TIMEOUT", values["PARLEY_HANG_TIMEOUT"]),
            environment=environment,
        )


def merged(environ: Mapping[str, str], dotenv: Path) -> dict[str, str]:
    """The environment with the file laid under it; our settings that are empty count as left out."""
    below = {name: value for name, value in dotenv_values(dotenv).items() if value is not None}
    return {
        name: value for name, value in {**below, **environ}.items() if value or not name.startswith(PREFIX)
    }


def _port(name: str, text: str) -> int:
    if text.isascii() and text.isdigit() and 1 <= (port := int(text)) <= 65535:
        return port
    raise SettingsError(f"{name} must be a port from 1 to 65535, not {text!r}")


def _check_proxies(text: str) -> None:
    for each in text.split():
        try:
            ipaddress.ip_network(each, strict=False)
        except ValueError:
            raise SettingsError(
                f"PARLEY_TRUSTED_PROXIES must be addresses or networks such as 10.0.0.0/8, not {each!r}"
            ) from None


def _seconds(name: str, text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if 0 < seconds < float("inf"):
        return seconds
    raise SettingsError(f"{name} must be a number of seconds above 0, not {text!r}")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check_host(host: str, *, allowed: bool) -> None:
    if host == "localhost":
        return
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        raise SettingsError(f"PARLEY_HOST must be an IP address or localhost, not {host!r}") from None
    if not (loopback or allowed):
        raise SettingsError(
            f"PARLEY_HOST={host} would let anybody who reaches it use this server; set PARLEY_API_KEYS, "
            "or PARLEY_ALLOW_INSECURE_BIND=yes if that is what you want"
        )
