"""The Markdown of results of `analyze_dataset`, in Korean or English. Pure."""

from typing import Any

from agent_runner.engine.outputs.account import number
from agent_runner.engine.outputs.tables import table

_WORDS = {
    "ko": {"total": "합계", "best": "최고", "worst": "최저", "none": "분석 결과가 없습니다."},
    "en": {"total": "Total", "best": "Best", "worst": "Worst", "none": "There are no findings."},
}


def markdown_of(results: list[dict[str, Any]], language: str) -> tuple[str, str]:
    """The summary line of each result, and a table of each."""
    words = _WORDS["ko" if language == "ko" else "en"]
    grouped = [result for result in results if result.get("group_by")]
    if not grouped:
        return words["none"], words["none"]
    return "\n".join(_summary(r, words) for r in grouped), "\n\n".join(_table(r) for r in grouped)


def _summary(result: dict[str, Any], words: dict[str, str]) -> str:
    group = result["group_by"]
    best, worst = result["best"], result["worst"]
    return (
        f"- {result['dataset']} · {result['measure']} · {group}: {words['total']} {number(result['total'])}, "
        f"{words['best']} {best[group]} ({number(best['value'])}), "
        f"{words['worst']} {worst[group]} ({number(worst['value'])})"
    )


def _table(result: dict[str, Any]) -> str:
    group, measure = result["group_by"], result["measure"]
    extra = "share_percent" if "share_percent" in result["rows"][0] else "change_percent"
    rows = ([str(row[group]), number(row["value"]), number(row[extra])] for row in result["rows"])
    return f"### {measure} / {group}\n\n{table((group, measure, '%'), rows)}"
