"""A graph's values as JSON, for events and for clients."""

from typing import Any

from langchain_core.messages import BaseMessage
from pydantic import BaseModel
from pydantic_core import to_jsonable_python


def as_json(value: Any) -> Any:
    """The value with messages as ``{"type", "content", …}`` and anything unknown as its text."""
    return to_jsonable_python(_plain(value), fallback=repr, serialize_unknown=True)


def _plain(value: Any) -> Any:
    if isinstance(value, BaseMessage):
        message = {"type": type(value).__name__, "content": value.content, "id": value.id}
        if calls := getattr(value, "tool_calls", None):
            message["tool_calls"] = calls
        return message
    if isinstance(value, BaseModel):
        return value.model_dump()
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    return value
