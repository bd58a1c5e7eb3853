"""What of a node's update a person should read, and the reply of a finished state. Pure.

Source of the texts' shapes: the agent protocol, where an action reads ``Execution logs:…\\nLast output: …``.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

from contracts.events.run import Step

PLANNER = "planner"


def steps_of(graph: str, node: str, update: Any) -> tuple[Step, ...]:
    """The steps that one node's state update shows, for the planner or any other graph."""
    if graph == PLANNER:
        return _planner_steps(node, update) if isinstance(update, Mapping) else ()
    messages = _messages(update)
    if messages:
        return tuple(step for message in messages for step in _message_steps(message))
    return (_action(node, _plain(update)),) if update else ()


def called(tool: str, arguments: Mapping[str, Any], output: str, *, failed: bool) -> Step:
    """The step that shows one call of a tool outside of a graph."""
    return _action(f"{tool}({_arguments(arguments)}){' failed' if failed else ''}", output)


def reply_of(state: Any) -> str:
    """The reply text of a finished state: its final result, its last AI message, or the state itself."""
    if isinstance(state, str):
        return state
    if isinstance(state, Mapping):
        if isinstance(result := state.get("final_result"), str) and result:
            return result
        for message in reversed(_messages(state)):
            if isinstance(message, AIMessage) and not message.tool_calls:
                return message.text
    return _plain(state)


def _planner_steps(node: str, update: Mapping[str, Any]) -> tuple[Step, ...]:
    match node:
        case "planning":
            return (Step(kind="planning", text=_plan_text(update["plan"])),)
        case "execution":
            return (_executed(update["plan"]["steps"][update["current_step"] - 1]),)
        case "response":
            return (Step(kind="final_answer", text=update["final_result"]),)
        case _:
            return ()


def _plan_text(plan: Mapping[str, Any]) -> str:
    lines = (f"{n}. [{step['tool']}] {step['description']}" for n, step in enumerate(plan["steps"], 1))
    return "\n".join((plan["goal"], *lines))


def _executed(step: Mapping[str, Any]) -> Step:
    call = f"{step['id']}: {step['tool']}({_arguments(step['arguments'])})"
    if step["status"] == "failed":
        return _action(f"{call} failed", f"Error: {step['error']}")
    result = step["result"]
    size = f" → {len(result)} rows" if isinstance(result, list) else ""
    return _action(call + size, repr(result) if not isinstance(result, str) else result)


def _message_steps(message: BaseMessage) -> tuple[Step, ...]:
    if isinstance(message, ToolMessage):
        failed = " failed" if message.status == "error" else ""
        return (_action(f"{message.name or 'tool'}{failed}", message.text),)
    if not isinstance(message, AIMessage):
        return ()
    if message.tool_calls:
        calls = "\n".join(f"{call['name']}({_arguments(call['args'])})" for call in message.tool_calls)
        return (Step(kind="planning", text=f"{message.text}\n{calls}".strip()),)
    return (Step(kind="final_answer", text=message.text),)


def _action(log: str, output: str) -> Step:
    return Step(kind="action", text=f"Execution logs:\n{log}\nLast output: {output}")


def _arguments(arguments: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in arguments.items())


def _messages(update: Any) -> Sequence[BaseMessage]:
    found = update.get("messages") if isinstance(update, Mapping) else None
    if isinstance(found, BaseMessage):
        return [found]
    return [m for m in found if isinstance(m, BaseMessage)] if isinstance(found, list) else []


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
