"""The agent's tools for a model that is not the agent's own, such as one that speaks: which, and calls.

Tools that commit the user to something are not among them, since nobody is asked there.
"""

from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from contracts.queries import Query

OFFERED_TOOLS: Final = "runner.offered_tools"


class OfferedToolsQuery(Query):
    """Which tools may be called by `CallTool`."""


class OfferedTool(BaseModel):
    """One tool as a model is told of it.

    Attributes:
        parameters: JSON Schema of the arguments.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    description: str
    parameters: dict[str, Any]


class OfferedTools(BaseModel):
    """The answer to `OfferedToolsQuery`."""

    model_config = ConfigDict(frozen=True)

    tools: tuple[OfferedTool, ...] = ()


CALL_TOOL: Final = "runner.call_tool"


class CallTool(BaseModel):
    """Call a tool for a conversation. The same `call_id` again is the same call: its outcome is told again.

    Attributes:
        call_id: names the call within the conversation.
    """

    model_config = ConfigDict(frozen=True)

    conversation: str
    call_id: str
    tool: str
    arguments: dict[str, Any]


class ToolOutcome(BaseModel):
    """The answer to `CallTool`, which the log has by then.

    Attributes:
        output: what the tool answered, as text for a model, or why it failed.
    """

    model_config = ConfigDict(frozen=True)

    output: str
    failed: bool = False
