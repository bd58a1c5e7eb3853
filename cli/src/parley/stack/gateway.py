"""The gateway of the stack: Caddy, what it is told, and what it says."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from parley.stack import programs

PROGRAM: Final = "caddy"
CADDYFILE: Final = Path(__file__).with_name("Caddyfile")


def program() -> str | None:
    """The path of Caddy."""
    return programs.find(PROGRAM)


def command(path: str) -> tuple[str, ...]:
    """The command line."""
    return (path, "run", "--adapter", "caddyfile", "--config", str(CADDYFILE))


def environment(
    settings: Mapping[str, str],
    *,
    data_dir: Path,
    listeners: Sequence[int],
    ports: Mapping[str, int],
    port: int,
) -> dict[str, str]:
    """What it is told, and nothing else: it needs no secret.

    Args:
        settings: the settings in force.
        listeners: the descriptors of the public sockets, which it inherits.
        ports: where the services answer.
        port: where it is to answer for its own readiness.
    """
    folder = str(data_dir / "gateway")
    return {
        "GATEWAY_SITES": "http://",
        "GATEWAY_BIND": " ".join(f"fd/{each}" for each in listeners),
        "GATEWAY_WEBSOCKETS": f"127.0.0.1 {ports['edge-ws']}",
        "GATEWAY_REQUESTS": f"127.0.0.1 {ports['edge-rest']}",
        "PARLEY_HTTP_HOST": "127.0.0.1",
        "PARLEY_HTTP_PORT": str(port),
        "PARLEY_TRUSTED_PROXIES": settings.get("PARLEY_TRUSTED_PROXIES", ""),
        "HOME": folder,
        "XDG_CONFIG_HOME": folder,
        "XDG_DATA_HOME": folder,
    }


def news(line: str) -> str | None:
    """A line of its log in words, or None where it says what happens at every start."""
    try:
        told = json.loads(line)
    except ValueError:
        return line
    if not isinstance(told, dict):
        return line
    if told.get("level") in ("info", "warn"):
        return None
    known = ("level", "ts", "logger", "msg")
    more = ", ".join(f"{name}: {value}" for name, value in told.items() if name not in known)
    return f"{str(told.get('level')).upper()} {told.get('msg')}{f' ({more})' if more else ''}"
