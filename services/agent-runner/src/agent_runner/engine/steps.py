"""What of a node's update a person should read, and the reply of a finished state. Pure.

Source of the texts' shapes: the agent protocol, where an action reads ``Execution logs:…\\nLast output: …``.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Any, Final

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolCall, ToolMessage
from langchain_core.messages.utils import convert_to_messages

from agent_runner.engine.updates import as_json
from contracts.events.run import Step

STRUCTURED: Final = "structured_response"
"""Where `create_agent` puts an answer of a given form."""


def steps_of(node: str, update: Any) -> tuple[Step, ...]:
    """The steps that one node's state update shows, of any graph."""
    if isinstance(update, Mapping) and "messages" in update:
        return tuple(step for message in messages_in(update) for step in _message_steps(message))
    return (action(node, text_of(update)),) if update else ()


def called(tool: str, arguments: Mapping[str, Any], output: str, *, failed: bool) -> Step:
    """The step that shows one call of a tool outside of a graph."""
    return action(f"{tool}({arguments_of(arguments)}){' failed' if failed else ''}", output)


def reply_of(state: Any) -> str:
    """The reply text of a finished state: the last AI message of the turn, an answer of a given form, or the
    state itself as JSON."""
    if not isinstance(state, Mapping):
        return text_of(state)
    turn = _turn(state.get("messages"))
    for message in reversed(turn):
        if isinstance(message, AIMessage) and not message.tool_calls:
            return message.text
    if state.get(STRUCTURED) is not None:
        return text_of(state[STRUCTURED])
    if turn:
        return turn[-1].text
    rest = {key: value for key, value in state.items() if key != "messages"}
    return text_of(rest) if rest else ""


def messages_in(update: Any) -> list[BaseMessage]:
    """The messages of a state or an update, those given as dictionaries or tuples too."""
    found = update.get("messages") if isinstance(update, Mapping) else None
    return list(_flat(found))


def unanswered_calls(messages: Sequence[BaseMessage]) -> list[ToolCall]:
    """The tool calls of the last message, which no tool has answered."""
    last = messages[-1] if messages else None
    return last.tool_calls if isinstance(last, AIMessage) else []


def shown(result: Any) -> Any:
    """A task's result as its node's update: without the names that LangGraph gives to what functions return,
    its messages as messages."""
    if not isinstance(result, Mapping):
        return result
    if len(result) == 1 and (returned := next(iter(result))) in ("__return__", "__end__"):
        return shown(result[returned])
    messages = messages_in(result)
    plain = {
        key: value["$writes"] if isinstance(value, Mapping) and value.keys() == {"$writes"} else value
        for key, value in result.items()
    }
    return plain | {"messages": messages} if messages else plain


def text_of(value: Any) -> str:
    """A value as a person reads it: text as it is, all else as JSON."""
    if isinstance(value, BaseMessage):
        return value.text
    return value if isinstance(value, str) else json.dumps(as_json(value), ensure_ascii=False)


def action(log: str, output: str) -> Step:
    """What was done and what came of it, as the agent protocol words it."""
    return Step(kind="action", text=f"Execution logs:\n{log}\nLast output: {output}")


def arguments_of(arguments: Mapping[str, Any]) -> str:
    """A call's arguments in one line."""
    return ", ".join(f"{name}={value!r}" for name, value in arguments.items())


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


def _turn(found: Any) -> Sequence[BaseMessage]:
    """What was said since the last human message; nothing before that is looked at."""
    turn: list[BaseMessage] = []
    for item in reversed(found) if isinstance(found, list) else [found]:
        said = list(_flat(item))
        later = list(takewhile(lambda message: not isinstance(message, HumanMessage), reversed(said)))
        turn = later[::-1] + turn
        if len(later) < len(said):
            break
    return turn


def _flat(found: Any) -> Iterator[BaseMessage]:
    match found:
        case BaseMessage():
            yield found
        case {"$writes": [*writes]}:
            for written in writes:
                yield from _flat(written)
        case tuple() if len(found) == 2 and all(isinstance(part, str) for part in found):
            yield from _converted(found)
        case list() | tuple():
            for item in found:
                yield from _flat(item)
        case {"role": _} | {"type": _}:
            yield from _converted(found)


def _converted(message: Any) -> Sequence[BaseMessage]:
    try:
        return convert_to_messages([message])
    except (ValueError, NotImplementedError, TypeError, KeyError):
        return ()
