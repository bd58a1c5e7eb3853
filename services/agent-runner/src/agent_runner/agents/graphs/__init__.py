"""The graphs that come with Parley, on the tools and the model of the settings."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from langchain_core.language_models import BaseChatModel
from langchain_core.tools import BaseTool

from agent_runner.agents.briefing import Briefing, instructions_of
from agent_runner.agents.graphs import chat, planner
from agent_runner.agents.graphs.execution import CallTool
from agent_runner.agents.graphs.presentation import PLANNER
from agent_runner.agents.graphs.summary import Summary
from agent_runner.agents.models.embedded import EmbeddedChatModel
from agent_runner.agents.tools import built_in_tools
from agent_runner.agents.tools.datasets import Datasets
from agent_runner.agents.tools.folder import DataFolder
from agent_runner.agents.tools.mcp import mcp_tools
from agent_runner.agents.tools.storage import DocumentStore
from agent_runner.engine.catalogue import Served
from agent_runner.settings import RunnerSettings


class Agents:
    """The tools of the settings, and the `planner` and `chat` graphs with them."""

    def __init__(
        self,
        settings: RunnerSettings,
        model: BaseChatModel,
        others: Mapping[str, BaseChatModel] = MappingProxyType({}),
    ) -> None:
        """`others` are further models by name, with which the graphs are served as well.

        Raises `NotADirectoryError` or `WrongSetting` on settings that cannot be used."""
        self._settings = settings
        self._model = model
        self._others = others
        self._folder = DataFolder(settings.tools_dir)
        self._datasets = Datasets(self._folder)
        instructions = instructions_of(settings.instructions)
        self._briefing = Briefing(
            self._folder, self._datasets, instructions, lambda: datetime.now().astimezone().date()
        )

    async def tools(self, documents: DocumentStore) -> list[BaseTool]:
        """The built-in tools and those of MCP servers.

        Raises:
            InvalidMcpConfiguration: on a file of servers that cannot be used.
        """
        tools = built_in_tools(self._folder, documents, self._datasets)
        if self._settings.mcp_config:
            tools += await mcp_tools(self._settings.mcp_config)
        return tools

    def graphs(self, tools: Sequence[BaseTool], call: CallTool) -> dict[str, Served]:
        """The graphs by name, those of another model with its name behind theirs."""
        named = self._of(self._model, tools, call)
        for name, model in self._others.items():
            named |= {f"{graph}-{name}": served for graph, served in self._of(model, tools, call).items()}
        return named

    def _of(self, model: BaseChatModel, tools: Sequence[BaseTool], call: CallTool) -> dict[str, Served]:
        """The graphs of a model. The embedded one works by rules, so it is told nothing."""
        embedded = isinstance(model, EmbeddedChatModel)
        briefing = None if embedded else self._briefing
        summarised = self._settings.model_summaries and not embedded
        summary = Summary(model, self._settings.model_history) if summarised else None
        return {
            "planner": Served(planner.build(model, tools, call, briefing, summary), PLANNER),
            "chat": Served(chat.build(model, tools, briefing, summary)),
        }
