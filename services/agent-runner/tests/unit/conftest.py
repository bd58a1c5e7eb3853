"""The tools over the sample data, ready to call."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import pytest
from langchain_core.tools import BaseTool

from agent_runner.agents.tools import built_in_tools
from agent_runner.agents.tools.folder import DataFolder
from agent_runner.agents.tools.storage import MemoryDocuments

Call: TypeAlias = Callable[..., Awaitable[Any]]


@pytest.fixture
def documents() -> MemoryDocuments:
    return MemoryDocuments()


@pytest.fixture
def tools(documents: MemoryDocuments) -> list[BaseTool]:
    return built_in_tools(DataFolder(), documents)


@pytest.fixture
def call(tools: list[BaseTool]) -> Call:
    """Calls a tool by name and returns its plain value."""
    by_name = {tool.name: tool for tool in tools}

    async def value_of(name: str, /, call_id: str = "call-1", **arguments: Any) -> Any:
        request = {"type": "tool_call", "id": call_id, "name": name, "args": arguments}
        return (await by_name[name].ainvoke(request)).artifact

    return value_of
