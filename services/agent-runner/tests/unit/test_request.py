"""What the embedded model takes a message for."""

import pytest
from langchain_core.messages import AIMessage, HumanMessage

from agent_runner.agents.models.request import understand, user_name

PHRASINGS = [
    ("안녕하세요", "greeting"),
    ("안녕 반가워요", "greeting"),
    ("Hello!", "greeting"),
    ("good morning", "greeting"),
    ("고마워요", "thanks"),
    ("thank you very much", "thanks"),
    ("무엇을 할 수 있나요?", "help"),
    ("넌 누구니", "help"),
    ("What can you do?", "help"),
    ("who are you?", "help"),
    ("my name is Bob", "introduction"),
    ("내 이름은 지민이야", "introduction"),
    ("저는 김철수라고 합니다", "introduction"),
    ("what is my name?", "ask_name"),
    ("내 이름이 뭐야?", "ask_name"),
    ("what did I ask before?", "recall"),
    ("아까 내가 뭐라고 물었지?", "recall"),
    ("get all contacts", "contacts"),
    ("Show me the contacts in Busan", "contacts"),
    ("연락처 전부 보여줘", "contacts"),
    ("김민준 전화번호 알려줘", "contacts"),
    ("phone number of Emma Carter", "contacts"),
    ("which datasets are there?", "datasets"),
    ("데이터 목록 보여줘", "datasets"),
    ("2023년 매출 데이터를 분석해주세요", "analysis"),
    ("Analyse the sales of 2022 by product", "analysis"),
    ("지역별 판매 실적 알려줘", "analysis"),
    ("total expenses by department", "analysis"),
    ("which month had the best revenue?", "analysis"),
    ("프로젝트 진행 상황을 그래프로 보여줘", "progress"),
    ("How are the projects going?", "progress"),
    ("월간 분석 보고서를 작성해줘", "report"),
    ("write a monthly report", "report"),
    ("계약서를 작성해주세요", "draft"),
    ("Please draft a contract", "draft"),
    ("write an e-mail to a customer", "mail"),
    ("이메일 초안 써줘", "mail"),
    ("계약 금액을 1000만원으로 수정해주세요", "revise"),
    ("change the amount to $9,000", "revise"),
    ("문서를 a@b.example로 보내줘", "send"),
    ("send it to a@b.example", "send"),
    ("그 문서를 삭제해줘", "delete"),
    ("delete the document", "delete"),
    ("저장된 문서 목록", "documents"),
    ("list my documents", "documents"),
    ("휴가는 어떻게 신청해?", "notes"),
    ("How many days of remote work are allowed?", "notes"),
    ("환불 규정 알려줘", "notes"),
    ("화성의 날씨는 어때?", "beyond"),
    ("compose a symphony", "beyond"),
    ("", "beyond"),
    ("42", "beyond"),
]


@pytest.mark.parametrize(("text", "kind"), PHRASINGS)
def test_kind(text: str, kind: str) -> None:
    request = understand([HumanMessage(text)])

    assert request.kind == kind
    assert request.language == ("ko" if any("가" <= c <= "힣" for c in text) else "en")


@pytest.mark.parametrize(
    ("text", "filters", "details"),
    [
        ("2023년 매출 데이터를 분석해주세요", {}, {"year": "2023"}),
        (
            "Analyse notebook sales in Seoul by month",
            {"region": "서울", "product": "노트북"},
            {"group": "month"},
        ),
        ("부산 지역 태블릿 매출", {"region": "부산", "product": "태블릿"}, {}),
        ("김민준 전화번호 알려줘", {}, {"query": "김민준", "columns": "phone"}),
        ("phone number of Emma Carter", {}, {"query": "Emma Carter", "columns": "phone"}),
        ("한빛무역 연락처", {}, {"query": "한빛무역"}),
        ("contacts at Northwind Retail", {}, {"query": "Northwind Retail"}),
        ("contacts in Seoul", {"region": "서울"}, {"query": "Seoul"}),
        ("모든 연락처", {}, {}),
        ("500만원짜리 계약서를 작성해주세요", {}, {"amount": "5,000,000원", "template": "contract"}),
    ],
)
def test_what_else_is_found(text: str, filters: dict[str, str], details: dict[str, str]) -> None:
    request = understand([HumanMessage(text)])

    assert request.filters == filters
    assert request.details == details


def test_refinements_add_up() -> None:
    said = ["2023년 매출 데이터를 분석해주세요", "그중 서울 지역만", "노트북만 보여줘"]

    request = understand([HumanMessage(text) for text in said])

    assert request.kind == "analysis"
    assert request.filters == {"region": "서울", "product": "노트북"}
    assert request.details == {"year": "2023"}


def test_a_refinement_of_nothing_is_beyond() -> None:
    assert understand([HumanMessage("그중 서울 지역만")]).kind == "beyond"


def test_a_revision_means_the_last_document() -> None:
    messages = [AIMessage("문서 번호: doc-0123456789ab"), HumanMessage("기간을 6개월로 수정해주세요")]

    assert understand(messages).details["document"] == "doc-0123456789ab"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("my name is Bob", "Bob"),
        ("Hi, my name is Ada Lovelace.", "Ada Lovelace"),
        ("내 이름은 지민이야", "지민"),
        ("저는 김철수라고 합니다", "김철수"),
        ("what is my name?", None),
    ],
)
def test_user_name(text: str, name: str | None) -> None:
    assert user_name([HumanMessage(text)]) == name
