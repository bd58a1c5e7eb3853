"""The graphs that come with Parley, and the catalogue that adds users' own."""

from collections.abc import Sequence

from langchain_core.tools import BaseTool

from agent_runner.agents.graphs import chat, planner
from agent_runner.agents.graphs.execution import CallTool
from agent_runner.agents.graphs.presentation import PLANNER
from agent_runner.agents.models import select
from agent_runner.agents.tools import built_in_tools
from agent_runner.agents.tools.folder import DataFolder
from agent_runner.agents.tools.mcp import mcp_tools
from agent_runner.agents.tools.storage import DocumentStore
from agent_runner.engine.catalogue import Served
from agent_runner.settings import RunnerSettings


async def agent_tools(settings: RunnerSettings, documents: DocumentStore) -> list[BaseTool]:
    """The tools of the settings.

    Raises:
        NotADirectoryError, InvalidMcpConfiguration: on settings that cannot be used.
    """
    tools = built_in_tools(DataFolder(settings.tools_dir), documents)
    if settings.mcp_config:
        tools += await mcp_tools(settings.mcp_config)
    return tools


def built_in(settings: RunnerSettings, tools: Sequence[BaseTool], call: CallTool) -> dict[str, Served]:
    """The `planner` and `chat` graphs with these tools, on the model of the settings.

    Raises:
        UnknownModel: on a model that cannot be used.
    """
    model = select(settings.model)
    return {
        "planner": Served(planner.build(model, tools, call), PLANNER),
        "chat": Served(chat.build(model, tools)),
    }
