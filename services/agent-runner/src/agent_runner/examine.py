"""``python -m agent_runner.examine``: would the graphs and the MCP servers of the settings work.

One line each for `parley doctor`, with tabs between what was looked at, ``ok`` or ``FAIL``, and the finding.
"""

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable

from agent_runner.agents.documents import LogDocuments
from agent_runner.agents.graphs import Agents
from agent_runner.agents.models.embedded import EmbeddedChatModel
from agent_runner.agents.tools.mcp import mcp_tools
from agent_runner.app import check_names
from agent_runner.engine.catalogue import catalogue
from agent_runner.engine.effects import call_with_effects
from agent_runner.settings import RunnerSettings
from chassis.settings import WrongSetting, in_one_line, load


class _Kept(logging.Handler):
    """Keeps what was warned of."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """See `logging.Handler`."""
        self.said.append(record.getMessage())


async def graphs(settings: RunnerSettings) -> str:
    """The names of all graphs, each loaded as agent-runner loads it."""
    agents = Agents(settings, EmbeddedChatModel())
    tools = await agents.tools(LogDocuments()) if not settings.mcp_config else []
    found = await catalogue(agents.graphs(tools, call_with_effects), settings.graphs)
    check_names(found, settings)
    return ", ".join(sorted(found))


async def servers(settings: RunnerSettings) -> str:
    """What the MCP servers offer; one that does not answer is a fault here."""
    if not settings.mcp_config:
        return "none (PARLEY_MCP_CONFIG)"
    kept = _Kept()
    logging.getLogger("agent_runner.agents.tools.mcp").addHandler(kept)
    tools = await mcp_tools(settings.mcp_config)
    if kept.said:
        raise WrongSetting("; ".join(kept.said))
    return f"{len(tools)} tools: {', '.join(sorted(tool.name for tool in tools))}"


CHECKS: dict[str, Callable[[RunnerSettings], Awaitable[str]]] = {"graphs": graphs, "MCP servers": servers}


async def main() -> None:
    """Look at all."""
    settings = load(RunnerSettings)
    for name, check in CHECKS.items():
        try:
            passed, finding = "ok", await check(settings)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a user's own module may raise it
            passed, finding = "FAIL", in_one_line(error) or type(error).__name__
        sys.stdout.write(f"{name}\t{passed}\t{' '.join(finding.split())}\n")


if __name__ == "__main__":
    logging.basicConfig(level=logging.CRITICAL)
    try:
        asyncio.run(main())
    except WrongSetting as error:
        sys.exit(str(error))
