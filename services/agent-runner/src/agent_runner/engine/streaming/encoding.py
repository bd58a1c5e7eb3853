"""What LangGraph hands out, as JSON text."""

import json
from base64 import b64encode
from collections import deque
from collections.abc import Mapping
from typing import Any, Final
from uuid import uuid4

import orjson
from langchain_core.messages import BaseMessage
from pydantic import BaseModel

from agent_runner.engine.faults import UNTOLD
from contracts.text import writable

_OPTIONS: Final = orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY
_DEEPEST: Final = 100


def as_text(value: Any) -> str:
    """The value as JSON: models and messages with all their fields, what is no JSON as its text."""
    try:
        return orjson.dumps(value, default=_plain, option=_OPTIONS).decode()
    except (TypeError, ValueError, RecursionError):  # half a character, a huge integer, a circle
        return json.dumps(_lenient(value, 0), ensure_ascii=True, allow_nan=False)


def _plain(value: Any) -> Any:
    match value:
        case BaseModel():
            return value.model_dump()
        case set() | frozenset() | deque() | tuple():
            return list(value)
        case Mapping():
            return dict(value)
        case bytes() | bytearray():
            return b64encode(value).decode()
        case BaseException() if say := UNTOLD.get():
            return say(value)
        case _ if callable(dump := getattr(value, "_asdict", None)):
            return dump()
        case _:
            return repr(value)


def _lenient(value: Any, depth: int) -> Any:
    """The value of strings, numbers, lists and objects only, and no deeper than anybody reads."""
    if depth > _DEEPEST:
        return "…"
    if isinstance(value, Mapping):
        return {writable(str(key)): _lenient(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset | deque):
        return [_lenient(item, depth + 1) for item in value]
    if isinstance(value, BaseModel):
        return _lenient(value.model_dump(), depth + 1)
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else None
    if isinstance(value, str):
        return writable(value)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, BaseException):
        return _plain(value)
    try:
        return json.loads(orjson.dumps(value, default=_plain, option=_OPTIONS))
    except (TypeError, ValueError, RecursionError):
        return writable(repr(value))


def give_ids(value: Any) -> None:
    """Give the messages in it ids, where they have none: the state is about to take the same messages in,
    and clients join what is streamed to what it holds by them."""
    if isinstance(value, BaseMessage):
        value.id = value.id or str(uuid4())
    elif isinstance(value, dict):
        for item in value.values():
            give_ids(item)
    elif isinstance(value, list | tuple):
        for item in value:
            give_ids(item)


def condensed(value: Any) -> Any:
    """The value with its messages as LangGraph's streaming protocol has them: without what is empty."""
    if isinstance(value, BaseMessage):
        return _condensed_message(value)
    if isinstance(value, dict):
        return {key: condensed(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [condensed(item) for item in value]
    return value


_ALWAYS: Final = ("type", "content", "id", "tool_call_id", "status", "artifact")
_EMPTY: Final[tuple[Any, ...]] = (None, {}, [], "")


def _condensed_message(message: BaseMessage) -> dict[str, Any]:
    fields = message.model_dump()
    first = {name: fields[name] for name in ("type", "content", "id")}
    rest = {
        name: item
        for name, item in fields.items()
        if name not in first and (name in _ALWAYS or item not in _EMPTY)
    }
    return first | rest
