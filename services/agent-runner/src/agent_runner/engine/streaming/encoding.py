"""What LangGraph hands out, as JSON text."""

import json
from base64 import b64encode
from collections import deque
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import timedelta
from decimal import Decimal
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from math import isfinite
from pathlib import PurePath
from re import Pattern
from typing import Any, Final
from uuid import uuid4
from zoneinfo import ZoneInfo

import orjson
from langchain_core.messages import BaseMessage
from langgraph.types import Send

from agent_runner.engine.faults import UNTOLD
from contracts.text import writable

_OPTIONS: Final = orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY
_DEEPEST: Final = 100
_DUMPS: Final = ("model_dump", "dict", "_asdict")
"""By these pydantic's models, old ones too, and named tuples tell their fields."""


def as_text(value: Any) -> str:
    """The value as JSON: models and messages with all their fields, what is no JSON as its text."""
    try:
        return orjson.dumps(value, default=_plain, option=_OPTIONS).decode()
    except (TypeError, ValueError, RecursionError):  # half a character, a huge integer, a circle
        return json.dumps(_lenient(value, 0), ensure_ascii=True, allow_nan=False)


def _plain(value: Any) -> Any:
    """What orjson does not write by itself, as LangGraph's own server gives it."""
    for name in _DUMPS:
        if callable(dump := getattr(value, name, None)) and not isinstance(value, type):
            return dump()
    match value:
        case set() | frozenset() | deque() | tuple():
            return list(value)
        case Mapping():
            return dict(value)
        case bytes() | bytearray():
            return b64encode(value).decode()
        case Decimal():
            return int(value) if value.is_finite() and value == value.to_integral_value() else float(value)
        case timedelta():
            return value.total_seconds()
        case PurePath() | ZoneInfo() | IPv4Address() | IPv6Address() | IPv4Network() | IPv6Network():
            return str(value)
        case Pattern():
            return value.pattern
        case Send():
            return {"node": value.node, "args": value.arg}
        case BaseException() if say := UNTOLD.get():
            return say(value)
        case _:
            return repr(value)


def _lenient(value: Any, depth: int) -> Any:
    """The value of strings, numbers, lists and objects only, and no deeper than anybody reads."""
    if depth > _DEEPEST:
        return "…"
    match value:
        case str():
            return writable(value)
        case None | bool() | int():
            return value
        case float():
            return value if isfinite(value) else None
        case Mapping():
            return {writable(str(key)): _lenient(item, depth + 1) for key, item in value.items()}
        case _ if type(value) in (list, tuple):
            return [_lenient(item, depth + 1) for item in value]
        case _ if is_dataclass(value) and not isinstance(value, type):
            return _lenient({each.name: getattr(value, each.name) for each in fields(value)}, depth)
    try:
        return json.loads(orjson.dumps(value, option=_OPTIONS))
    except (TypeError, ValueError, RecursionError):
        pass
    try:
        return _lenient(_plain(value), depth + 1)
    except Exception:  # noqa: BLE001 - whatever a graph's own class raises here, its text will do
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
