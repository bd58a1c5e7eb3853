"""What answers become for the questions that they answer."""

from typing import Any, Literal

import pytest
from pydantic import BaseModel, TypeAdapter
from typing_extensions import TypedDict

from agent_runner.engine.answers import NotTaken, shaped
from agent_runner.engine.consent import asks_yes_or_no, verdict
from agent_runner.engine.interrupts import question_of, wording

EVERYTHING = ["approve", "edit", "reject", "respond"]


def review(*allowed: list[str]) -> dict[str, Any]:
    """What LangChain's approval middleware asks."""
    names = [f"tool_{number}" for number in range(len(allowed))]
    return {
        "action_requests": [{"name": name, "args": {}, "description": f"May {name} run?"} for name in names],
        "review_configs": [
            {"action_name": name, "allowed_decisions": one} for name, one in zip(names, allowed, strict=True)
        ],
    }


def inbox(**config: bool) -> dict[str, Any]:
    return {"action_request": {"action": "send", "args": {}}, "config": config, "description": "Send it?"}


class Person(BaseModel):
    name: str
    age: int = 0


class Approval(BaseModel):
    approved: bool
    comment: str | None = None


class Approve(TypedDict):
    type: Literal["approve"]


class Reject(TypedDict, total=False):
    type: Literal["reject"]
    message: str


def schema(kind: Any) -> dict[str, Any]:
    return TypeAdapter(kind).json_schema()


@pytest.mark.parametrize(
    ("asked", "said", "given"),
    [
        ("ok?", True, True),
        ("ok?", False, False),
        ("Shall I go on?", "no", False),
        ("Shall I go on?", "네, 진행해주세요", True),
        ("계약서 작성을 진행하시겠습니까?", "아니요", False),
        ({"question": "Proceed?", "details": "rm -rf"}, "No, thanks!", False),
        ("What is your name?", "No", "No"),
        ("What is your name?", "Ann", "Ann"),
        ("left?", "yes", "yes"),
        ("이름이 무엇인가요?", "네", "네"),
        ({"instruction": "Review and edit this", "content": "draft"}, "yes", "yes"),
        ({"ask": "ann", "options": ["yes", "no"]}, "NO", "no"),
        ("ok?", {"any": ["json", 1, None]}, {"any": ["json", 1, None]}),
        ("ok?", [1, 2], [1, 2]),
        ("ok?", 3.5, 3.5),
        (review(EVERYTHING), True, {"decisions": [{"type": "approve"}]}),
        (review(EVERYTHING), False, {"decisions": [{"type": "reject"}]}),
        (review(EVERYTHING), "yes", {"decisions": [{"type": "approve"}]}),
        (review(EVERYTHING), "no", {"decisions": [{"type": "reject", "message": "no"}]}),
        (review(EVERYTHING), "to Ben", {"decisions": [{"type": "respond", "message": "to Ben"}]}),
        (
            review(EVERYTHING),
            '{"to": "ben"}',
            {"decisions": [{"type": "edit", "edited_action": {"name": "tool_0", "args": {"to": "ben"}}}]},
        ),
        (review(["approve", "reject"]), "later", {"decisions": [{"type": "reject", "message": "later"}]}),
        (
            review(EVERYTHING, ["approve", "reject"]),
            True,
            {"decisions": [{"type": "approve"}, {"type": "approve"}]},
        ),
        (review(EVERYTHING), {"decisions": []}, {"decisions": []}),
        (review(EVERYTHING), '{"decisions": []}', {"decisions": []}),
        (inbox(allow_accept=True), True, {"type": "accept", "args": None}),
        ([inbox(allow_ignore=True)], False, [{"type": "ignore", "args": None}]),
        (inbox(allow_ignore=False, allow_respond=True), False, {"type": "response", "args": "no"}),
        (inbox(allow_respond=True), "to Ben", {"type": "response", "args": "to Ben"}),
    ],
    ids=str,
)
def test_shapes(asked: Any, said: Any, given: Any) -> None:
    assert shaped(question_of("i", asked), said) == given


@pytest.mark.parametrize(
    ("kind", "said", "given"),
    [
        (bool, "yes", True),
        (bool, False, False),
        (int, "42", 42),
        (float, "1.5", 1.5),
        (str, "yes", "yes"),
        (list[str], "milk", ["milk"]),
        (list[str], '["milk", "tea"]', ["milk", "tea"]),
        (Literal["small", "large"], "Large", "large"),
        (Literal["approved", "rejected"], False, "rejected"),
        (Person, "Ann", {"name": "Ann"}),
        (Person, '{"name": "Ann", "age": 3}', {"name": "Ann", "age": 3}),
        (Approval, True, {"approved": True}),
        (Approval, "no", {"approved": False, "comment": "no"}),
        (Approve | Reject, True, {"type": "approve"}),
        (Approve | Reject, False, {"type": "reject"}),
        (Approve | Reject, "too dear", {"type": "reject", "message": "too dear"}),
        (int | None, "7", 7),
    ],
    ids=str,
)
def test_shapes_by_a_schema(kind: Any, said: Any, given: Any) -> None:
    assert shaped(question_of("i", "?", schema(kind)), said) == given


@pytest.mark.parametrize(
    ("asked", "kind", "said", "reason"),
    [
        ("?", bool, "perhaps", "yes or no"),
        ("?", int, "many", "whole number"),
        ("?", str, True, "text"),
        ("?", Literal["small", "large"], "huge", "small, large"),
        ("?", Person, True, "name"),
        (review(["respond"]), None, True, "tool_0: the answer must be one of respond"),
        (inbox(allow_accept=False, allow_edit=True), None, True, "send: the answer must be one of edit"),
    ],
    ids=str,
)
def test_an_answer_that_is_not_taken_is_told_what_is(asked: Any, kind: Any, said: Any, reason: str) -> None:
    with pytest.raises(NotTaken, match=reason):
        shaped(question_of("i", asked, schema(kind) if kind else None), said)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("ok?", "ok?"),
        ({"question": "Go?", "context": {}}, "Go?"),
        ({"message": "Which?"}, "Which?"),
        (review(EVERYTHING, EVERYTHING), "May tool_0 run?\n\nMay tool_1 run?"),
        (inbox(), "Send it?"),
        ({"type": "tool_approval", "name": "send", "args": {"to": "b"}, "description": ""}, 'send(to="b")'),
        ({"a": 1}, '{"a": 1}'),
        (7, "7"),
        (None, "null"),
    ],
    ids=str,
)
def test_wordings(value: Any, text: str) -> None:
    assert wording(value) == text


def test_the_value_is_whole() -> None:
    asked = {"question": "Go?", "context": {"plan": ["x"]}, "more": {1, 2}}
    question = question_of("i", asked)
    assert question.value == {"question": "Go?", "context": {"plan": ["x"]}, "more": [1, 2]}
    assert question.context == question.value
    assert question_of("i", {"question": "Go?", "context": {"plan": ["x"]}}).context == {"plan": ["x"]}
    assert question_of("i", "Go?").context == {"value": "Go?"}


@pytest.mark.parametrize(
    "text", ["yes", "OK!", "네", "네네".replace("네네", "네 네"), "👍", "yes please", "Go ahead."]
)
def test_yes(text: str) -> None:
    assert verdict(text) is True


@pytest.mark.parametrize("text", ["no", "No, thank you.", "아니요", "don't do it", "취소해주세요", "👎"])
def test_no(text: str) -> None:
    assert verdict(text) is False


@pytest.mark.parametrize(
    "text", ["", "yes but no", "yes, to Ben", "maybe", "not sure", "y" * 1000, "no " * 200]
)
def test_neither(text: str) -> None:
    assert verdict(text) is None


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("Please approve or suggest edits.", True),
        ("Is it red or blue?", False),
        ("I have a draft.\nPublish?", True),
        ("어떻게 진행할까요?", False),
        ("진행할까요?", True),
        ("Name?", False),
        ("", False),
    ],
)
def test_what_asks_for_yes_or_no(text: str, asks: bool) -> None:
    assert asks_yes_or_no(text) is asks


@pytest.mark.parametrize(
    "said",
    [
        "only if it is cheap",
        "absolutely not sure",
        "why?",
        "왜요?",
        "절대로 그렇게 하면",
        "maybe later",
    ],
)
def test_a_doubt_is_no_answer_to_a_plain_question(said: str) -> None:
    with pytest.raises(NotTaken):
        shaped(question_of("i", "ok?"), said)


@pytest.mark.parametrize(
    "said",
    ["absolutely not", "no way", "not now", "please don't", "안 하고 싶어요", "절대 안돼", "필요 없어요"],
)
def test_no_refusal_reaches_a_graph_as_words_that_are_true(said: str) -> None:
    try:
        assert shaped(question_of("i", "ok?"), said) is False
    except NotTaken:
        return
