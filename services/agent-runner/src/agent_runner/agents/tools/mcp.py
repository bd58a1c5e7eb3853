"""Tools of MCP servers, from a file in the usual format ``{"mcpServers": {name: {…}}}``.

A server that is down costs its tools and a warning, never the start.
"""

import asyncio
import json
import logging
from pathlib import Path
from typing import Any, Final

from langchain_core.tools import BaseTool

from chassis.settings import WrongSetting

CONNECT_SECONDS: Final = 10.0
_log = logging.getLogger(__name__)


class InvalidMcpConfiguration(WrongSetting):
    """The file is not what its format says; the text names the file and the place."""


def read_configuration(path: Path) -> dict[str, dict[str, Any]]:
    """The connection of each server, by its name.

    Raises:
        InvalidMcpConfiguration: if the file can't be read or is not in the format.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidMcpConfiguration(f"PARLEY_MCP_CONFIG: {path}: {error}") from error
    servers = content.get("mcpServers") if isinstance(content, dict) else None
    if not isinstance(servers, dict):
        raise InvalidMcpConfiguration(f'{path}: "mcpServers" must be an object')
    return {name: _connection(path, name, server) for name, server in servers.items()}


def _connection(path: Path, name: str, server: Any) -> dict[str, Any]:
    if not isinstance(server, dict) or not ("command" in server or "url" in server):
        raise InvalidMcpConfiguration(f'{path}: "mcpServers.{name}" needs a "command" or a "url"')
    rest = {key: value for key, value in server.items() if key not in ("type", "transport")}
    default = "stdio" if "command" in server else "streamable_http"
    transport = str(server.get("transport") or server.get("type") or default)
    if transport == "http":
        transport = "streamable_http"
    return rest | {"transport": transport} | ({"args": rest.get("args", [])} if transport == "stdio" else {})


async def mcp_tools(path: Path) -> list[BaseTool]:
    """The tools of every server that answers within ten seconds.

    Raises:
        InvalidMcpConfiguration: see `read_configuration`.
    """
    servers = read_configuration(path)
    if not servers:
        return []
    from langchain_mcp_adapters.client import MultiServerMCPClient  # only where MCP is configured

    client = MultiServerMCPClient(servers)  # type: ignore[arg-type]  # a user's file; the library checks each

    async def of(name: str) -> list[BaseTool]:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                return await client.get_tools(server_name=name)
        except Exception as error:  # noqa: BLE001 - whatever a foreign server does wrong costs only its tools
            _log.warning("MCP server %r is left out: %s", name, _cause(error))
            return []

    return [tool for tools in await asyncio.gather(*(of(name) for name in servers)) for tool in tools]


def _cause(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"
