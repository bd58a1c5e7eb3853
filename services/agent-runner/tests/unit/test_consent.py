"""What answers to a question for consent say, over labelled sets; half of each was held back from tuning."""

import unicodedata
from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from langchain_core.tools import BaseTool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from tests.everyday import DRAFT, HALVES, LANGUAGES, answers, commits, half

from agent_runner.agents.graphs.consent import read
from agent_runner.agents.graphs.planner import build
from agent_runner.agents.models import select
from agent_runner.agents.tools.storage import MemoryDocuments

SEND = {"tool": "send_document", "arguments": {"document_id": "doc-1", "to": "a@b.example"}}
DELETE = {"tool": "delete_document", "arguments": {"document_id": "doc-1"}}
OTHER = {"tool": "launch", "arguments": {}}
LEAST_ANSWERS = 120
EACH = 4
"""Answers that go through the graph; all are read above."""


def refusals_and_doubts() -> Iterator[str]:
    sets = (answers(language, later=later) for later in (False, True) for language in LANGUAGES)
    return (each.text for every in sets for each in every if each.wanted in ("no", "unclear"))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("which", HALVES)
@pytest.mark.parametrize(("later", "least"), [(False, 0.95), (True, 0.75)])
def test_answers_are_read_as_labelled(language: str, which: str, later: bool, least: float) -> None:
    """A refusal that is asked about again is safe, but counts as misread."""
    every = answers(language, later=later)
    assert len(every) >= (LEAST_ANSWERS if not later else 60)
    mine = half(every, which, by_turns=later)

    wrong = [each for each in mine if read(each.text, DRAFT).verdict != each.wanted]

    assert len(wrong) <= (1 - least) * len(mine), wrong


@pytest.mark.parametrize("step", [DRAFT, SEND, DELETE, OTHER], ids=lambda step: step["tool"])
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_no_refusal_or_doubt_commits(step: dict[str, Any], form: Any) -> None:
    answers = [unicodedata.normalize(form, text) for text in refusals_and_doubts()]
    spelled = [variant for text in answers for variant in (text, text.upper(), f"  {text}!!", f"{text} ㅠㅠ")]

    assert [text for text in spelled if commits(read(text, step))] == []


async def test_no_refusal_or_doubt_drafts_anything(tools: list[BaseTool], documents: MemoryDocuments) -> None:
    graph = build(select(), tools).compile(checkpointer=InMemorySaver())
    for number, text in enumerate(list(refusals_and_doubts())[::EACH]):
        config: Any = {"configurable": {"thread_id": str(number)}}
        await graph.ainvoke({"messages": [HumanMessage("계약서를 작성해주세요")]}, config)
        await graph.ainvoke(Command(resume={"response": text}), config)

        assert await documents.all() == [], text


@pytest.mark.parametrize(
    ("step", "answer", "verdict"),
    [
        (SEND, "보내주세요", "yes"),
        (SEND, "yes, send it", "yes"),
        (SEND, "delete it", "unclear"),
        (SEND, "보내지 마세요", "no"),
        (DELETE, "삭제해주세요", "yes"),
        (DELETE, "네 지워줘", "yes"),
        (DELETE, "yes, remove the document", "yes"),
        (DELETE, "please send it", "unclear"),
        (DELETE, "지우지 마", "no"),
        (OTHER, "go ahead", "yes"),
        (OTHER, "draft it", "unclear"),
        (DRAFT, "send it", "unclear"),
        (DRAFT, True, "yes"),
        (DRAFT, False, "no"),
        (DRAFT, 1, "unclear"),
        (DRAFT, None, "unclear"),
        (DRAFT, {"approve": True}, "unclear"),
        (DRAFT, "yes " * 1000, "unclear"),
        (DRAFT, "yes\n\nno", "unclear"),
        (DRAFT, "“yes”", "unclear"),
        (DRAFT, "yes 🙄", "unclear"),
        (DRAFT, "👍🏽", "yes"),
        (DRAFT, "👎", "no"),
    ],
)
def test_each_step_has_its_own_words(step: dict[str, Any], answer: Any, verdict: str) -> None:
    assert read(answer, step).verdict == verdict


@pytest.mark.parametrize(
    ("answer", "fields", "exact"),
    [
        ("계약 금액을 1000만원으로 수정해주세요", {"amount": "10,000,000원"}, True),
        (
            unicodedata.normalize("NFD", "계약 금액을 1000만원으로 수정해주세요"),
            {"amount": "10,000,000원"},
            True,
        ),
        ("change the amount to $9,000", {"amount": "$9,000"}, True),
        ("기간을 6개월로 변경해주세요", {"period": "6개월"}, True),
        ("yes, but for $9,000", {"amount": "$9,000"}, False),
        ("500만원 말고 700만원으로 해주세요", {"amount": "7,000,000원"}, False),
        ("change the amount from $5,000 to $9,000", {"amount": "$9,000"}, False),
        ("아니요, 금액은 900만원으로 해주세요", {"amount": "9,000,000원"}, False),
        ("발주자를 한빛무역으로 바꿔주세요", {"client": "한빛무역"}, False),
        ("set the client to Hanbit Trading", {"client": "Hanbit Trading"}, False),
        ("특약에 5월 말까지 납품을 추가해주세요", {"terms": "5월 말까지 납품"}, False),
    ],
)
def test_a_change_is_recognised(answer: str, fields: dict[str, str], exact: bool) -> None:
    reading = read(answer, DRAFT)

    assert reading.change is not None
    assert reading.change.arguments == {**DRAFT["arguments"], "fields": fields}  # type: ignore[dict-item]  # a dict
    assert reading.change.exact is exact


def test_another_address_is_a_change_of_what_is_sent() -> None:
    exact = read("c@d.example로 보내줘", SEND).change
    shown = read("no, use c@d.example", SEND).change

    assert exact is not None
    assert shown is not None
    assert exact.arguments == shown.arguments == {"document_id": "doc-1", "to": "c@d.example"}
    assert (exact.exact, shown.exact) == (True, False)
