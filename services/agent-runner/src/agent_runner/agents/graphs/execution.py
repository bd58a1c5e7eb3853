"""Carrying out one step of a plan: a tool call that ends in a result or an error, never in a raise."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

from langchain_core.messages import AIMessage, AnyMessage, ToolCall, ToolMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool
from langgraph.errors import GraphBubbleUp

from agent_runner.agents.models.plans import resolve
from agent_runner.engine.faults import language_of, told

CallTool: TypeAlias = Callable[[BaseTool, ToolCall, RunnableConfig], Awaitable[Any]]
"""Calls a tool and returns its plain value; the call's id is the same again after a takeover."""

Step: TypeAlias = dict[str, Any]
Plan: TypeAlias = dict[str, Any]


async def execute(
    plan: Plan,
    index: int,
    call_id: str,
    tools: Mapping[str, BaseTool],
    call: CallTool,
    config: RunnableConfig,
) -> Step:
    """The step at `index` with its status and its result or error."""
    step = plan["steps"][index]
    tool = tools.get(step["tool"])
    if tool is None:
        return failed(step, f"there is no tool {step['tool']!r}")
    results = {done["id"]: done.get("result") for done in plan["steps"][:index]}
    arguments = resolve(step["arguments"], results)
    request = ToolCall(name=tool.name, args=arguments, id=call_id, type="tool_call")
    try:
        result = await call(tool, request, config)
        json.dumps(result)
    except GraphBubbleUp:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a tool raises is this step's outcome, told to the user
        return failed(step, told(error, language_of(step["description"])))
    return {**step, "status": "completed", "result": result}


def failed(step: Step, error: str) -> Step:
    """The step with the reason why it failed."""
    return {**step, "status": "failed", "error": error}


def as_messages(plan: Plan) -> list[AnyMessage]:
    """The steps that ran as tool calls with their answers, for a chat model to word the reply from."""
    ran = [step for step in plan["steps"] if step["status"] in ("completed", "failed")]
    if not ran:
        return []
    calls = [
        ToolCall(name=step["tool"], args=step["arguments"], id=step["id"], type="tool_call") for step in ran
    ]
    return [AIMessage("", tool_calls=calls), *(_answer(step) for step in ran)]


def _answer(step: Step) -> ToolMessage:
    if step["status"] == "failed":
        return ToolMessage(step["error"], tool_call_id=step["id"], status="error")
    return ToolMessage(json.dumps(step["result"], ensure_ascii=False), tool_call_id=step["id"])
