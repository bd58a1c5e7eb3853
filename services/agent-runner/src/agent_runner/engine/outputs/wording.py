"""The words of the outputs, Korean and English; the Korean headings are part of the octo protocol."""

from dataclasses import dataclass
from typing import Final, Literal

Status = Literal["completed", "failed", "waiting", "pending"]


@dataclass(frozen=True, slots=True)
class Words:
    """Texts of one language; ``{}`` stands for what the code puts in."""

    summary: str
    steps_run: str
    statuses: dict[Status, str]
    counted: str
    insights: str
    no_insights: str
    reply: str
    total: str
    sum: str
    best: str
    worst: str
    growth: str
    change: str
    found: str
    document: str
    document_amount: str
    sent: str
    deleted: str
    failed: str
    report: str
    made_at: str
    report_summary: str
    statistics: str
    item: str
    figure: str
    steps_total: str
    count: str
    success_rate: str
    details: str
    no_steps: str
    status: str
    result: str
    conclusion: str
    start: str


WORDS: Final = {
    "ko": Words(
        summary="📊 실행 요약",
        steps_run="총 {}개 단계 실행",
        statuses={"completed": "완료", "failed": "실패", "waiting": "승인 대기", "pending": "미실행"},
        counted="{}: {}개",
        insights="주요 인사이트",
        no_insights="데이터에서 계산된 수치가 없습니다.",
        reply="💬 응답",
        total="📈 {} 합계: {} ({}개 항목)",
        sum="📈 {} 합계: {}",
        best="🏆 {} 최고: {} ({})",
        worst="📉 {} 최저: {} ({})",
        growth="📈 {} 증감률: {:+}%",
        change="📈 가장 큰 변화: {} ({:+}%)",
        found="🔎 {}: {}건",
        document="📄 문서: {}",
        document_amount="📄 {} — 금액 {}",
        sent="✉️ {} → {}",
        deleted="🗑️ 삭제됨: {}",
        failed="⚠️ {} 실패: {}",
        report="분석 보고서",
        made_at="생성 일시",
        report_summary="📋 요약",
        statistics="📊 실행 통계",
        item="항목",
        figure="수치",
        steps_total="총 실행 단계",
        count="{}개",
        success_rate="성공률",
        details="📝 단계별 결과",
        no_steps="도구를 쓴 단계가 없습니다.",
        status="상태",
        result="결과",
        conclusion="✅ 결론",
        start="시작",
    ),
    "en": Words(
        summary="📊 Execution summary",
        steps_run="{} step(s) run in total",
        statuses={
            "completed": "Completed",
            "failed": "Failed",
            "waiting": "Awaiting approval",
            "pending": "Not run",
        },
        counted="{}: {}",
        insights="Key insights",
        no_insights="No figures could be computed from data.",
        reply="💬 Reply",
        total="📈 Total {}: {} ({} items)",
        sum="📈 Total {}: {}",
        best="🏆 Highest {}: {} ({})",
        worst="📉 Lowest {}: {} ({})",
        growth="📈 Change in {}: {:+}%",
        change="📈 Largest change: {} ({:+}%)",
        found="🔎 {}: {} found",
        document="📄 Document: {}",
        document_amount="📄 {} — amount {}",
        sent="✉️ {} → {}",
        deleted="🗑️ Deleted: {}",
        failed="⚠️ {} failed: {}",
        report="Analysis report",
        made_at="Generated at",
        report_summary="📋 Summary",
        statistics="📊 Execution statistics",
        item="Item",
        figure="Figure",
        steps_total="Steps in total",
        count="{}",
        success_rate="Success rate",
        details="📝 Results step by step",
        no_steps="No step used a tool.",
        status="Status",
        result="Result",
        conclusion="✅ Conclusion",
        start="Start",
    ),
}
