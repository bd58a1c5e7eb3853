"""What of a node's update a person should read, and the reply of a finished state. Pure.

Source of the texts' shapes: the agent protocol, where an action reads ``Execution logs:…\\nLast output: …``.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

from contracts.events.run import Step


def steps_of(node: str, update: Any) -> tuple[Step, ...]:
    """The steps that one node's state update shows, of any graph."""
    messages = _messages(update)
    if messages:
        return tuple(step for message in messages for step in _message_steps(message))
    return (action(node, _plain(update)),) if update else ()


def called(tool: str, arguments: Mapping[str, Any], output: str, *, failed: bool) -> Step:
    """The step that shows one call of a tool outside of a graph."""
    return action(f"{tool}({arguments_of(arguments)}){' failed' if failed else ''}", output)


def reply_of(state: Any) -> str:
    """The reply text of a finished state: its last AI message, or the state itself."""
    if isinstance(state, str):
        return state
    if isinstance(state, Mapping):
        for message in reversed(_messages(state)):
            if isinstance(message, AIMessage) and not message.tool_calls:
                return message.text
    return _plain(state)


def _message_steps(message: BaseMessage) -> tuple[Step, ...]:
    if isinstance(message, ToolMessage):
        failed = " failed" if message.status == "error" else ""
        return (action(f"{message.name or 'tool'}{failed}", message.text),)
    if not isinstance(message, AIMessage):
        return ()
    if message.tool_calls:
        calls = "\n".join(f"{call['name']}({arguments_of(call['args'])})" for call in message.tool_calls)
        return (Step(kind="planning", text=f"{message.text}\n{calls}".strip()),)
    return (Step(kind="final_answer", text=message.text),)


def action(log: str, output: str) -> Step:
    """What was done and what came of it, as the agent protocol words it."""
    return Step(kind="action", text=f"Execution logs:\n{log}\nLast output: {output}")


def arguments_of(arguments: Mapping[str, Any]) -> str:
    """A call's arguments in one line."""
    return ", ".join(f"{name}={value!r}" for name, value in arguments.items())


def _messages(update: Any) -> Sequence[BaseMessage]:
    found = update.get("messages") if isinstance(update, Mapping) else None
    if isinstance(found, BaseMessage):
        return [found]
    return [m for m in found if isinstance(m, BaseMessage)] if isinstance(found, list) else []


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
