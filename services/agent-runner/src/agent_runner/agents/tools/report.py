"""The Markdown of results of `analyze_dataset`, in Korean or English. Pure."""

from typing import Any

_WORDS = {
    "ko": {"total": "합계", "best": "최고", "worst": "최저", "none": "분석 결과가 없습니다."},
    "en": {"total": "Total", "best": "Best", "worst": "Worst", "none": "There are no findings."},
}


def number(value: float | None) -> str:
    """With thousands separators and at most one decimal; a dash for none."""
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"


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
    group = result["group_by"]
    extra = "share_percent" if "share_percent" in result["rows"][0] else "change_percent"
    lines = [
        f"### {result['measure']} / {group}",
        "",
        f"| {group} | {result['measure']} | % |",
        "|---|---:|---:|",
        *(f"| {row[group]} | {number(row['value'])} | {number(row[extra])} |" for row in result["rows"]),
    ]
    return "\n".join(lines)
