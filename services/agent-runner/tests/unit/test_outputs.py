"""The three outputs, from states as the planner leaves them."""

from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest

from agent_runner.agents.graphs.presentation import account_of
from agent_runner.engine import outputs
from contracts.events.message import OutputFormat

AT = datetime(2025, 11, 3, 16, 0, tzinfo=UTC)
ANALYSIS = {
    "dataset": "sales_2023",
    "measure": "revenue",
    "group_by": "month",
    "total": 300.5,
    "rows": [
        {"month": "2023-01", "value": 100, "change_percent": None},
        {"month": "2023-02", "value": 200.5, "change_percent": 100.5},
    ],
    "best": {"month": "2023-02", "value": 200.5},
    "worst": {"month": "2023-01", "value": 100},
}


def step(number: int, status: str, kind: str = "search", **more: Any) -> dict[str, Any]:
    return {
        "id": f"step_{number}",
        "type": kind,
        "tool": "a_tool",
        "description": "데이터 검색",
        "arguments": {},
        "status": status,
        "commits": False,
        **more,
    }


def presented(form: OutputFormat, values: Any, reply: str, at: datetime) -> Any:
    return outputs.presented(form, account_of(values, reply), at)


def state(*steps: dict[str, Any], language: str = "ko") -> dict[str, Any]:
    return {
        "user_intent": {"kind": "analysis", "language": language},
        "plan": {"goal": "매출을 분석합니다", "steps": list(steps)},
    }


CONTRACT = {"document_id": "d", "title": "계약서", "fields": {"amount": "10,000,000원"}}
DONE = state(
    step(1, "completed", result=[{"name": "a"}, {"name": "b"}]),
    step(2, "completed", "analyze", result=ANALYSIS),
    step(3, "completed", "document", result=CONTRACT),
)
BROKEN = state(
    step(1, "completed", result="ok"),
    step(2, "failed", "analyze", error="there is no | column"),
    step(3, "waiting", "document"),
    step(4, "pending", "send"),
)


def test_the_chat_summary_counts_and_computes() -> None:
    assert presented("chat", DONE, "다 되었습니다.", AT) == (
        "📊 실행 요약\n- 총 3개 단계 실행\n- 완료: 3개\n\n"
        "💡 주요 인사이트\n🔎 데이터 검색: 2건\n📈 revenue 합계: 300.5 (2개 항목)\n"
        "🏆 revenue 최고: 2023-02 (200.5)\n📉 revenue 최저: 2023-01 (100)\n"
        "📈 가장 큰 변화: 2023-02 (+100.5%)\n📄 계약서 — 금액 10,000,000원\n\n"
        "💬 응답\n다 되었습니다."
    )


def test_the_chat_summary_tells_of_every_status() -> None:
    assert presented("chat", BROKEN, "no", AT).startswith(
        "📊 실행 요약\n- 총 2개 단계 실행\n- 완료: 1개\n- 실패: 1개\n- 승인 대기: 1개\n- 미실행: 1개\n\n"
        "💡 주요 인사이트\n⚠️ 데이터 검색 실패: there is no | column\n"
    )


def test_the_chat_summary_in_english() -> None:
    text = presented("chat", state(step(1, "completed", result="ok"), language="en"), "Done.", AT)
    assert text == (
        "📊 Execution summary\n- 1 step(s) run in total\n- Completed: 1\n\n"
        "💡 Key insights\nNo figures could be computed from data.\n\n💬 Reply\nDone."
    )


@pytest.mark.parametrize("values", [{}, None, "text", {"messages": []}, state()])
def test_a_reply_without_steps_is_the_chat(values: Any) -> None:
    assert presented("chat", values, "안녕하세요!", AT) is None


def test_the_graph() -> None:
    graph = presented("graph", DONE, "x", AT)
    assert graph["nodes"][1] == {
        "id": "step_1",
        "label": "🔍 search\n데이터 검색...",
        "type": "search",
        "status": "completed",
        "color": "#4CAF50",
    }
    assert graph["edges"][0] == {"id": "edge_start_to_step_1", "source": "start", "target": "step_1"}
    assert graph["metadata"] == {"total_steps": 3, "completed": 3}


def test_the_graph_has_a_colour_for_every_status() -> None:
    graph = presented("graph", BROKEN, "x", AT)
    colours = {node["status"]: node["color"] for node in graph["nodes"]}
    assert colours.keys() == {"completed", "failed", "waiting", "pending"}
    assert len(set(colours.values())) == 4
    ends = {end for edge in graph["edges"] for end in (edge["source"], edge["target"])}
    assert ends == {node["id"] for node in graph["nodes"]}
    assert graph["metadata"] == {"total_steps": 4, "completed": 1}


def test_a_graph_without_steps_is_its_start() -> None:
    graph = presented("graph", None, "x", AT)
    assert [node["id"] for node in graph["nodes"]] == ["start"]
    assert graph["edges"] == []


def test_the_report() -> None:
    report = presented("report", DONE, "# 결과\n본문", AT)
    assert report.startswith(
        "# 분석 보고서\n\n**생성 일시**: 2025-11-03 16:00:00\n\n## 📋 요약\n\n매출을 분석합니다\n\n"
        "## 📊 실행 통계\n\n| 항목 | 수치 |\n| --- | --- |\n| 총 실행 단계 | 3개 |\n| 완료 | 3개 |\n"
    )
    assert "| 2023-02 | 200.5 | 100.5 |" in report
    assert report.endswith("## ✅ 결론\n\n### 결과\n본문\n")


def test_the_report_escapes_what_would_break_a_table() -> None:
    rows = [{"name": "a|b", "note": "two\nlines"}]
    assert "| a\\|b | two lines |" in presented("report", state(step(1, "completed", result=rows)), "x", AT)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("values", [DONE, BROKEN, {}], ids=["done", "broken", "nothing"])
def test_the_report_becomes_a_pdf(values: Any) -> None:
    from markdown import markdown
    from xhtml2pdf import pisa

    html = markdown(presented("report", values, "끝", AT), extensions=["tables"])
    pdf = BytesIO()
    assert not pisa.CreatePDF(html, dest=pdf, encoding="utf-8").err
    assert pdf.getvalue().startswith(b"%PDF-")
    assert "<table>" in html
    assert "<h1>분석 보고서</h1>" in html
