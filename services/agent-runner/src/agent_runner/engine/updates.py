"""A graph's values as JSON, for events and for clients."""

from typing import Any

from langchain_core.messages import BaseMessage
from pydantic_core import to_jsonable_python


def as_json(value: Any) -> Any:
    """The value with its messages as ``{"type", "content", …}`` and anything unknown as its text."""
    if isinstance(value, dict):
        value = {key: _messages(item) for key, item in value.items()}
    return to_jsonable_python(_messages(value), fallback=repr, serialize_unknown=True)


def _messages(value: Any) -> Any:
    if isinstance(value, BaseMessage):
        return _message(value)
    if isinstance(value, list):
        return [_message(item) if isinstance(item, BaseMessage) else item for item in value]
    return value


def _message(message: BaseMessage) -> dict[str, Any]:
    plain = {"type": type(message).__name__, "content": message.content, "id": message.id}
    if calls := getattr(message, "tool_calls", None):
        plain["tool_calls"] = calls
    return plain
