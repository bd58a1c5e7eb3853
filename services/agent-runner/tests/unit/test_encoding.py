"""What graphs hold as JSON: in the forms of LangGraph's own server, and readable for every client."""

import dataclasses
import json
import re
from collections import deque
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from ipaddress import ip_address, ip_network
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
import pytest
from langchain_core.messages import HumanMessage
from langgraph.types import Send
from pydantic import BaseModel
from pydantic.v1 import BaseModel as OldModel

from agent_runner.engine.streaming.encoding import as_text

HALF = "\ud83d"
"""Of a pair of surrogates: no character, which strict readers of JSON refuse."""


class Colour(Enum):
    RED = "red"


class Price(BaseModel):
    amount: Decimal
    takes: timedelta
    marks: set[str]


class Old(OldModel):
    amount: int


class Odd:
    """Of its fields it tells only those that are asked for."""

    def dict(self, names: list[str]) -> dict[str, Any]:
        raise NotImplementedError(names)

    def __repr__(self) -> str:
        return "odd"


class Point(NamedTuple):
    x: int
    name: str


@dataclasses.dataclass
class Box:
    held: Any


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Decimal("1.10"), 1.1),
        (Decimal(3), 3),
        (Decimal("NaN"), None),
        (timedelta(minutes=1, milliseconds=500), 60.5),
        (datetime(2024, 1, 2, tzinfo=UTC), "2024-01-02T00:00:00+00:00"),
        (date(2024, 1, 2), "2024-01-02"),
        (ZoneInfo("Asia/Seoul"), "Asia/Seoul"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (PurePosixPath("/a/b"), "/a/b"),
        (ip_address("1.2.3.4"), "1.2.3.4"),
        (ip_network("1.2.3.0/24"), "1.2.3.0/24"),
        (re.compile("a.b"), "a.b"),
        (Point(1, "p"), {"x": 1, "name": "p"}),
        (Price(amount=Decimal("1.5"), takes=timedelta(1), marks={"m"}),
         {"amount": 1.5, "takes": 86400.0, "marks": ["m"]}),
        (Old(amount=1), {"amount": 1}),
        (Box(Box(deque([1]))), {"held": {"held": [1]}}),
        (Send("node", {"a": 1}), {"node": "node", "args": {"a": 1}}),
        (MappingProxyType({"a": frozenset({1})}), {"a": [1]}),
        (Colour.RED, "red"),
        (b"\x00\xff", "AP8="),
        (float("inf"), None),
        (2**70, 2**70),
        ({1: "a", None: "b"}, {"1": "a", "null": "b"}),
        ({(1, 2): "a"}, {"(1, 2)": "a"}),
        (Odd(), "odd"),
        (int, repr(int)),
    ],
    ids=str,
)  # fmt: skip
def test_a_value_is_shown_as_its_plain_form(value: Any, shown: Any) -> None:
    assert json.loads(as_text({"value": value})) == {"value": shown}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (HALF, "?"),
        ({HALF: [f"a{HALF}b"]}, {"?": ["a?b"]}),
        (Box((HALF, Point(1, HALF))), {"held": ["?", {"x": 1, "name": "?"}]}),
        ([HALF, Decimal("1.5"), {3}, date(2024, 1, 2), Colour.RED, b"a", 2**70, float("nan")],
         ["?", 1.5, [3], "2024-01-02", "red", "YQ==", 2.0**70, None]),
    ],
)  # fmt: skip
def test_half_a_character_keeps_nobody_from_reading_the_rest(value: Any, shown: Any) -> None:
    assert orjson.loads(as_text(value)) == shown


def test_a_message_with_half_a_character_keeps_its_fields() -> None:
    said = orjson.loads(as_text([HumanMessage(f"hi {HALF}", id="h")]))
    assert (said[0]["type"], said[0]["content"], said[0]["id"]) == ("human", "hi ?", "h")


def test_what_holds_itself_ends_somewhere() -> None:
    circle: list[Any] = []
    circle.append(circle)
    assert "…" in json.loads(as_text(circle))[0][0][0].__repr__()
