"""A graph's values as JSON, for events and for clients: whatever a graph may hold, and never with a raise."""

import dataclasses
import math
from base64 import b64encode
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from enum import Enum
from typing import Any, Final, TypeAlias

from langchain_core.messages import BaseMessage
from pydantic import BaseModel
from pydantic_core import to_jsonable_python

_DEEPEST: Final = 100
"""Levels that are looked into; what lies deeper is given as its text."""

MessageShape: TypeAlias = Callable[[BaseMessage], Mapping[str, Any]]


def message_of(message: BaseMessage) -> dict[str, Any]:
    """A message as events and octo have it."""
    plain = {"type": type(message).__name__, "content": message.content, "id": message.id}
    if calls := getattr(message, "tool_calls", None):
        plain["tool_calls"] = calls
    return plain


def as_json(value: Any, message: MessageShape = message_of) -> Any:
    """The value with its messages as `message` gives them, and anything unknown as its text."""
    return _plain(value, message, 0)


def _plain(value: Any, message: MessageShape, depth: int) -> Any:
    if depth > _DEEPEST:
        return _text(value)
    match value:
        case None | bool():
            return value
        case Enum():
            return _plain(value.value, message, depth + 1)
        case str() | int() | float() | bytes() | bytearray():
            return _scalar(value)
        case list() | tuple():
            return [_plain(item, message, depth + 1) for item in value]
        case AbstractSet():
            return sorted((_plain(item, message, depth + 1) for item in value), key=repr)
        case _ if (fields := _fields(value, message)) is not None:
            return {_key(key): _plain(item, message, depth + 1) for key, item in fields.items()}
        case _:
            return _other(value, message, depth)


def _scalar(value: str | float | bytes | bytearray) -> str | int | float | None:
    match value:
        case str():
            return str(value)
        case int():
            return int(value)
        case float():
            return float(value) if math.isfinite(value) else None
        case _:
            return b64encode(bytes(value)).decode("ascii")


def _fields(value: Any, message: MessageShape) -> dict[Any, Any] | None:
    """What an object holds by name; None where it is none that says so."""
    if isinstance(value, BaseMessage):
        return dict(message(value))
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, BaseModel):
        names = [*type(value).model_fields, *(value.model_extra or ())]
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value)]
    else:
        return None
    return {name: getattr(value, name, None) for name in names}


def _other(value: Any, message: MessageShape, depth: int) -> Any:
    """Arrays by their `tolist`; times, paths, UUIDs and the like by pydantic; else the value's text."""
    try:
        if callable(listed := getattr(value, "tolist", None)):
            return _plain(listed(), message, depth + 1)
        return to_jsonable_python(value, inf_nan_mode="null")
    except Exception:  # noqa: BLE001 - whatever a graph's own class raises here, its text will do
        return _text(value)


def _key(key: object) -> str:
    named = key.value if isinstance(key, Enum) else key
    return named if isinstance(named, str) else _text(named)


def _text(value: object) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - see `_other`
        return type(value).__name__
