"""The planner with the embedded model, from the first word to the last."""

import ast
import csv
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.tools import BaseTool, tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from agent_runner.agents.graphs.planner import build
from agent_runner.agents.graphs.presentation import planner_reply as reply_of
from agent_runner.agents.graphs.presentation import steps_of
from agent_runner.agents.models import select
from agent_runner.agents.tools.folder import SAMPLE
from agent_runner.agents.tools.storage import MemoryDocuments


class Talk:
    """One conversation with a planner."""

    def __init__(self, tools: list[BaseTool]) -> None:
        self._graph = build(select(), tools).compile(checkpointer=InMemorySaver())
        self._config: Any = {"configurable": {"thread_id": "talk"}}
        self.updates: list[tuple[str, Any]] = []

    async def say(self, text: str) -> str:
        return await self._run({"messages": [HumanMessage(text)]})

    async def answer(self, **answer: Any) -> str:
        (said,) = answer.values()
        return await self._run(Command(resume=said))

    async def _run(self, given: Any) -> str:
        self.updates = []
        async for update in self._graph.astream(given, self._config, stream_mode="updates"):
            self.updates += update.items()
        return reply_of(self.state)

    @property
    def state(self) -> dict[str, Any]:
        return self._graph.get_state(self._config).values

    @property
    def asked(self) -> dict[str, Any]:
        (found,) = self._graph.get_state(self._config).interrupts
        return dict(found.value)

    @property
    def nodes(self) -> list[str]:
        return [node for node, _ in self.updates]

    @property
    def statuses(self) -> list[str]:
        return [step["status"] for step in self.state["plan"]["steps"]]


@pytest.fixture
def talk(tools: list[BaseTool]) -> Talk:
    return Talk(tools)


async def test_get_all_contacts(talk: Talk) -> None:
    reply = await talk.say("get all contacts")

    with (SAMPLE / "contacts.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert "| 김민준 | minjun.kim@hanbit-trading.example |" in reply
    assert "[{" not in reply
    assert talk.nodes == ["intent_understanding", "planning", "execution", "response"]
    assert talk.state["plan"]["steps"][0]["result"] == rows
    steps = [step for node, update in talk.updates for step in steps_of(node, update)]
    assert [step.kind for step in steps] == ["planning", "action", "final_answer"]
    assert ast.literal_eval(steps[-1].text) == rows


async def test_the_state_of_a_finished_turn(talk: Talk) -> None:
    reply = await talk.say("2023년 매출 데이터를 분석해주세요")

    state = talk.state
    assert set(state) == {
        "messages", "user_intent", "plan", "current_step", "is_planning", "is_executing", "final_result",
    }  # fmt: skip
    assert (state["current_step"], state["is_planning"], state["is_executing"]) == (3, False, False)
    assert state["final_result"] == reply == state["messages"][-1].text
    assert talk.statuses == ["completed"] * 3
    assert talk.nodes.count("execution") == 1  # no step needs another's result
    steps = [step for node, update in talk.updates for step in steps_of(node, update)]
    assert [step.kind for step in steps] == ["planning", *["action"] * 3, "final_answer"]
    assert all(message.id for message in state["messages"])


async def test_an_analysis_tells_the_right_numbers(talk: Talk) -> None:
    reply = await talk.say("2023년 매출 데이터를 분석해주세요")

    with (SAMPLE / "sales_2023.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    total = sum(int(row["revenue"]) for row in rows)
    seoul = sum(int(row["revenue"]) for row in rows if row["region"] == "서울")
    assert f"합계: {total:,}" in reply
    assert f"서울: {seoul:,}" in reply


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("안녕하세요", "안녕하세요! 무엇을 도와드릴까요?"),
        ("hello", "Hello! How can I help you?"),
        ("compose a symphony", "beyond me"),
        ("교향곡을 작곡해줘", "범위를 벗어납니다"),
    ],
)
async def test_without_tools_it_answers_at_once(talk: Talk, text: str, expected: str) -> None:
    assert expected in await talk.say(text)
    assert talk.nodes == ["intent_understanding", "planning", "response"]


async def test_a_report_is_written_without_asking(talk: Talk, documents: MemoryDocuments) -> None:
    reply = await talk.say("월간 분석 보고서를 작성해줘")

    (document,) = await documents.all()
    assert document.markdown in reply
    assert "| 2023-01 |" in reply
    assert talk.statuses == ["completed"] * 3


async def test_a_contract_is_asked_for_first(talk: Talk, documents: MemoryDocuments) -> None:
    await talk.say("계약서를 작성해주세요")

    assert talk.asked["question"] == "계약서 작성을 진행하시겠습니까?"
    assert talk.asked["context"]["step"]["tool"] == "draft_document"
    assert talk.asked["context"]["plan"]["steps"][0]["status"] == "waiting"
    assert talk.statuses == ["waiting"]
    assert await documents.all() == []


async def test_english_is_asked_in_english(talk: Talk) -> None:
    await talk.say("Please draft a contract")

    assert talk.asked["question"] == "Shall I go ahead and draft the contract?"
    assert "# Services Agreement" in await talk.answer(response="yes")


@pytest.mark.parametrize("answer", [{"approve": True}, {"response": "네, 진행해주세요"}, {"response": "ok"}])
async def test_agreed(talk: Talk, documents: MemoryDocuments, answer: dict[str, Any]) -> None:
    await talk.say("계약서를 작성해주세요")

    reply = await talk.answer(**answer)

    assert talk.statuses == ["completed"]
    assert [document.id for document in await documents.all()] == [
        talk.state["plan"]["steps"][0]["result"]["document_id"]
    ]
    assert reply.startswith("문서 번호: doc-")


@pytest.mark.parametrize("answer", [{"approve": False}, {"response": "아니요"}, {"response": "취소해주세요"}])
async def test_refused(talk: Talk, documents: MemoryDocuments, answer: dict[str, Any]) -> None:
    await talk.say("계약서를 작성해주세요")

    reply = await talk.answer(**answer)

    assert "계획을 실행하지 않았습니다" in reply
    assert talk.statuses == ["pending"]
    assert await documents.all() == []


async def test_an_answer_in_words_changes_the_amount(talk: Talk, documents: MemoryDocuments) -> None:
    await talk.say("계약서를 작성해주세요")

    reply = await talk.answer(response="계약 금액을 1000만원으로 수정해주세요")

    (document,) = await documents.all()
    assert "계약 금액은 10,000,000원" in document.markdown
    assert document.markdown in reply
    said = [(type(m), m.text) for m in talk.state["messages"]]
    assert said[1:3] == [
        (AIMessage, "계약서 작성을 진행하시겠습니까?"),
        (HumanMessage, "계약 금액을 1000만원으로 수정해주세요"),
    ]


async def test_a_change_is_shown_and_asked_again(talk: Talk, documents: MemoryDocuments) -> None:
    await talk.say("Please draft a contract")

    await talk.answer(response="add a special term: delivery by the end of May")
    assert talk.asked["question"] == (
        "With this change: terms: delivery by the end of May. Shall I go ahead and draft the contract?"
    )
    assert await documents.all() == []

    assert "delivery by the end of May" in await talk.answer(response="yes")


@pytest.mark.parametrize("answer", ["why?", "delivery by the end of May", {"approve": "no"}, 7, ""])
async def test_what_is_no_plain_answer_is_asked_again(
    talk: Talk, documents: MemoryDocuments, answer: Any
) -> None:
    await talk.say("Please draft a contract")

    await talk.answer(response=answer)
    await talk.answer(response=answer)

    assert "Nothing has been done yet." in talk.asked["question"]
    assert talk.asked["question"].endswith("Shall I go ahead and draft the contract?")
    assert talk.statuses == ["waiting"]
    assert await documents.all() == []
    assert "not carried out" in await talk.answer(response="no")


async def test_a_doubt_deletes_nothing(talk: Talk, documents: MemoryDocuments) -> None:
    await talk.say("Please draft a contract")
    await talk.answer(approve=True)
    await talk.say("delete the document")

    await talk.answer(response="why?")
    assert len(await documents.all()) == 1

    assert "was deleted" in await talk.answer(response="yes, delete it")
    assert await documents.all() == []


async def test_a_document_of_an_earlier_turn_is_revised_and_sent(
    talk: Talk, documents: MemoryDocuments
) -> None:
    await talk.say("계약서를 작성해주세요")
    await talk.answer(approve=True)

    assert "계약 금액은 7,000,000원" in await talk.say("계약 금액을 700만원으로 바꿔주세요")
    await talk.say("그 문서를 a@b.example로 보내줘")
    assert talk.asked["question"] == "문서를 a@b.example 앞으로 보내시겠습니까?"
    await talk.answer(response="c@d.example로 보내줘")

    (document,) = await documents.all()
    assert document.outbox == ("c@d.example",)


async def test_it_remembers(talk: Talk) -> None:
    await talk.say("get all contacts")
    narrowed = await talk.say("그중 서울 지역만")
    await talk.say("my name is Bob")

    rows = [line for line in narrowed.splitlines() if "@" in line]
    assert rows
    assert all(line.endswith("| 서울 |") for line in rows)
    assert await talk.say("what is my name?") == "Your name is Bob."
    assert "what is my name?" in await talk.say("what did I ask before?")


async def test_a_tool_that_raises_is_a_failed_step_and_an_answer() -> None:
    @tool
    async def find_contacts() -> str:
        """Find contacts."""
        raise ConnectionError("the address book is on fire")

    talk = Talk([find_contacts])
    reply = await talk.say("get all contacts")

    assert talk.statuses == ["failed"]
    assert "the address book is on fire" in reply
    (action,) = (s.text for node, u in talk.updates for s in steps_of(node, u) if s.kind == "action")
    assert action.startswith("Execution logs:\n")
    assert action.endswith("\nLast output: Error: the address book is on fire")


async def test_after_a_failed_step_nothing_more_is_done(talk: Talk, documents: MemoryDocuments) -> None:
    reply = await talk.say("2019년 매출 보고서를 작성해줘")

    assert talk.statuses == ["failed", "failed", "pending"]
    assert reply.count("sales_2019") == 1
    assert await documents.all() == []
    assert (await talk.say("안녕하세요")).startswith("안녕하세요")


async def test_a_missing_tool_is_a_failed_step() -> None:
    talk = Talk([])

    assert "there is no tool 'find_contacts'" in await talk.say("get all contacts")


async def test_the_answer_streams(tools: list[BaseTool]) -> None:
    graph = build(select(), tools).compile()

    tokens = [
        part["token"].text
        async for part in graph.astream({"messages": [HumanMessage("안녕하세요")]}, stream_mode="custom")
    ]

    assert tokens == ["안녕하세요!", " 무엇을", " 도와드릴까요?"]


async def test_a_call_keeps_its_id_when_the_turn_runs_again(
    tools: list[BaseTool], documents: MemoryDocuments
) -> None:
    for _ in range(2):
        graph = build(select(), tools).compile(checkpointer=InMemorySaver())
        config: Any = {"configurable": {"thread_id": "t"}}
        await graph.ainvoke({"messages": [HumanMessage("계약서를 작성해주세요", id="event-1")]}, config)
        await graph.ainvoke(Command(resume=True), config)

    assert len(await documents.all()) == 1
