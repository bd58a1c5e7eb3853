"""How the embedded model words its answers, in Korean and English. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from langchain_core.messages import BaseMessage

from agent_runner.agents.models.request import Request, earlier_requests, user_name
from agent_runner.engine.outputs.account import number
from agent_runner.engine.outputs.tables import rows_table

SHOWN_ROWS: Final = 20
BAR: Final = 10

# What is said of the model itself fits into one breath of a voice, so that nobody is asked whether to go on.
_SELF = (
    "저는 Parley에 내장된 규칙 기반 모델로 연락처, 데이터, 문서, 노트를 다룹니다. "
    '"제품별 매출 보여줘"처럼 말씀해 보세요.',
    "I am Parley's embedded, rule-based model for contacts, data, documents and notes; "
    'try "show the sales by product".',
)
_BEYOND = (
    '그 요청은 제 범위를 벗어납니다. "서울에 있는 연락처 보여줘"나 "제품별 매출 분석해줘" 같은 일은 할 수 '
    "있습니다.",
    'That is beyond me, but I can do things like "show the contacts in Seoul" or "analyse the sales of 2023 '
    'by product".',
)


@dataclass(frozen=True, slots=True)
class Result:
    """What a tool call came to: its value, or the text of its error."""

    tool: str
    value: Any
    error: str | None = None


def answer(request: Request, messages: Sequence[BaseMessage], results: Sequence[Result]) -> str:
    """The answer to a request, from the tools' results where there are any."""
    words = _Words(korean=request.language == "ko")
    if request.kind == "beyond" and all(result.value == [] for result in results):
        return words.say(*_BEYOND)
    failed = any(result.error is not None for result in results)
    if not failed and (told := _computed(request, results, words)):
        return told
    if results:
        return "\n\n".join(_told(result, words) for result in _worth_telling(results))
    return _spoken(request, messages, words)


def unavailable(request: Request) -> str:
    """The answer when the tool that the request needs is not offered here."""
    return _Words(korean=request.language == "ko").say(
        "이 대화에서는 그 도구를 쓸 수 없습니다. 발송처럼 승인이 필요한 일은 승인을 물을 수 있는 대화에서만 "
        "합니다.",
        "The tool this needs is not available here. What needs your approval, such as sending, is done only "
        "where I can ask for it.",
    )


@dataclass(frozen=True, slots=True)
class _Words:
    korean: bool

    def say(self, korean: str, english: str) -> str:
        return korean if self.korean else english


def _worth_telling(results: Sequence[Result]) -> Sequence[Result]:
    """Failures always; else what was made or computed, over what was only looked at on the way."""
    if failed := {result.error: result for result in results if result.error is not None}:
        return list(failed.values())
    last = results[-1]
    if last.tool == "analyze_dataset":
        return [result for result in results if result.tool == "analyze_dataset"]
    return [last]


def _spoken(request: Request, messages: Sequence[BaseMessage], words: _Words) -> str:
    name = user_name(messages)
    match request.kind:
        case "greeting":
            called = f" {name}님" if name and words.korean else f", {name}" if name else ""
            return words.say(
                f"안녕하세요{called}! 무엇을 도와드릴까요?", f"Hello{called}! How can I help you?"
            )
        case "thanks":
            return words.say(
                "천만에요. 더 필요한 것이 있으면 말씀해 주세요.", "You are welcome. Tell me if you need more."
            )
        case "introduction" if name:
            return words.say(
                f"반갑습니다, {name}님. 기억하겠습니다.", f"Nice to meet you, {name}. I will remember it."
            )
        case "ask_name" if name:
            return words.say(f"{name}님이라고 하셨습니다.", f"Your name is {name}.")
        case "introduction" | "ask_name":
            return words.say("아직 이름을 말씀해 주시지 않았습니다.", "You have not told me your name yet.")
        case "farewell":
            return words.say("안녕히 가세요. 언제든 다시 찾아 주세요.", "Goodbye. Come back any time.")
        case "recall":
            return _recalled(messages, words)
        case "help":
            return words.say(*_SELF)
        case "send" if "document" in request.details:
            return words.say("받는 사람의 이메일 주소를 알려 주세요.", "Which e-mail address shall it go to?")
        case "revise" | "send" | "delete" | "read":
            return words.say(
                "어느 문서인지 알 수 없습니다. 문서 번호를 알려 주세요.",
                "I can't tell which document; name its id.",
            )
        case _:
            return words.say(*_BEYOND)


def _computed(request: Request, results: Sequence[Result], words: _Words) -> str | None:
    """What is asked of the tools' results, where that is less or more than the results themselves."""
    details, values = request.details, [result.value for result in results]
    match request.kind, values:
        case "contacts", [[_, *_] as rows] if "columns" in details:
            return _column(rows, details["columns"], words)
        case "tasks", [{"rows": list(rows)}]:
            return _rows(rows, words)
        case "profit", [{"total": sales, "dataset": of_sales}, {"total": spent, "dataset": of_spent}]:
            left = number(sales - spent)
            return words.say(
                f"이익은 {left}입니다.\n매출 {number(sales)} ({of_sales}) − 비용 {number(spent)} "
                f"({of_spent})",
                f"The profit is {left}.\nRevenue {number(sales)} ({of_sales}) less expenses {number(spent)} "
                f"({of_spent})",
            )
        case "analysis", [{"total": now, "dataset": this}, {"total": then, "dataset": that}]:
            change = f"{100 * (now - then) / then:+.1f}%" if then else "–"
            return words.say(
                f"{this}: {number(now)}\n{that}: {number(then)}\n차이: {number(now - then)} ({change})",
                f"{this}: {number(now)}\n{that}: {number(then)}\nDifference: {number(now - then)} ({change})",
            )
        case "contacts", [[], [_, *_] as notes]:
            return _notes(notes, words)
        case "contacts", [[], []]:
            return _rows([], words)
        case "analysis", [_, {"rows": [*_]} as over_time, {"rows": [*_]} as grouped] if _asked_for(details):
            return _grouped(details, over_time, grouped, words)
        case "analysis", [_, {"group_by": group, "rows": [*rows]} as value, _] if "months" in details:
            return _of_months(details["months"], str(group), rows, value, words)
        case "analysis", [_, {"total": total, "rows": [*rows]} as value, _] if "average" in details:
            mean = number(total / len(rows)) if rows else "–"
            return words.say(
                f"{value['dataset']}의 월평균은 {mean}입니다 ({len(rows)}개월, 합계 {number(total)}).",
                f"The monthly average of {value['dataset']} is {mean} ({len(rows)} months, total "
                f"{number(total)}).",
            )
    return None


def _asked_for(details: Mapping[str, str]) -> bool:
    """Whether one grouping is asked for, or which of its groups is the best or the worst."""
    return (
        "months" not in details and "average" not in details and bool({"group", "extreme"} & details.keys())
    )


def _grouped(
    details: Mapping[str, str], over_time: dict[str, Any], grouped: dict[str, Any], words: _Words
) -> str:
    group = details.get("group", "month")
    if group == "quarter":
        over_time = _by_quarter(over_time)
    value = over_time if group in ("month", "growth", "quarter") else grouped
    whole = _analysis(value, words)
    if (extreme := details.get("extreme")) is None:
        return whole
    row = value[extreme]
    name, figure = row[value["group_by"]], number(row["value"])
    best = words.say("가장 높은 것은", "The highest is")
    worst = words.say("가장 낮은 것은", "The lowest is")
    first = words.say(f"{{}} {name}입니다 ({figure}).", f"{{}} {name} ({figure}).")
    return f"{first.format(best if extreme == 'best' else worst)}\n\n{whole}"


def _by_quarter(value: dict[str, Any]) -> dict[str, Any]:
    totals: dict[str, float] = {}
    for row in value["rows"]:
        year, month = str(row[value["group_by"]]).split("-")[:2]
        quarter = f"{year}-Q{(int(month) + 2) // 3}"
        totals[quarter] = totals.get(quarter, 0) + row["value"]
    rows = [{"quarter": name, "value": total} for name, total in totals.items()]
    best, worst = max(rows, key=lambda r: float(r["value"])), min(rows, key=lambda r: float(r["value"]))  # type: ignore[arg-type]  # numbers
    return {**value, "group_by": "quarter", "rows": rows, "best": best, "worst": worst}


def _column(rows: Sequence[Any], column: str, words: _Words) -> str:
    """Of each contact only what was asked for."""
    if len(rows) == 1:
        return f"{rows[0].get('name')}: {rows[0].get(column)}"
    named = [{"name": row.get("name"), column: row.get(column)} for row in rows]
    return _rows(named, words)


def _of_months(wanted: str, group: str, rows: Sequence[Any], value: dict[str, Any], words: _Words) -> str:
    """The figures of some months; of the newest that there is, where the last month is asked for."""
    newest = str(rows[-1][group])
    months = [newest[-2:]] if wanted == "last" else wanted.split(",")
    found = [row for row in rows if str(row[group])[-2:] in months]
    if not found:
        return words.say(
            f"{value['dataset']}에는 그 달이 없습니다. {rows[0][group]}부터 {newest}까지 있습니다.",
            f"{value['dataset']} does not have that month; it goes from {rows[0][group]} to {newest}.",
        )
    of = " · ".join((value["dataset"], value["measure"], *value.get("where", {}).values()))
    lines = [f"📈 {of}", *(f"{row[group]}: {number(row['value'])}" for row in found)]
    if len(found) > 1:
        lines.append(words.say("합계", "Total") + f": {number(sum(row['value'] for row in found))}")
    if wanted == "last":
        lines.append(
            words.say(f"{newest}이 데이터의 마지막 달입니다.", f"{newest} is the last month in the data.")
        )
    return "\n".join(lines)


def _recalled(messages: Sequence[BaseMessage], words: _Words) -> str:
    earlier = earlier_requests(messages)
    if not earlier:
        return words.say(
            "이 대화에서 처음 하신 말씀입니다.", "This is the first thing you said in this conversation."
        )
    return words.say(f'바로 전에 "{earlier[-1]}"라고 하셨습니다.', f'Before this you said: "{earlier[-1]}"')


def _told(result: Result, words: _Words) -> str:
    if result.error is not None:
        return words.say(
            f"{result.tool} 도구가 실패해 요청을 마치지 못했습니다: {result.error}",
            f"I could not finish this: {result.tool} failed: {result.error}",
        )
    match result.tool, result.value:
        case "analyze_dataset", dict(value):
            return _analysis(value, words)
        case "search_notes", list(found):
            return _notes(found, words)
        case "send_document", dict(value):
            to = ", ".join(value["outbox"])
            return words.say(
                f"{value['title']} ({value['document_id']})을(를) {to} 앞으로 발신함에 넣었습니다.",
                f"{value['title']} ({value['document_id']}) is in the outbox for {to}.",
            )
        case "delete_document", dict(value):
            return words.say(f"{value['title']}을(를) 삭제했습니다.", f"{value['title']} was deleted.")
        case _, {"markdown": str(markdown), "document_id": str(document)}:
            return words.say(f"문서 번호: {document}", f"Document: {document}") + f"\n\n{markdown}"
        case _, list(rows):
            return _rows(rows, words)
        case _, value:
            return str(value)


def _analysis(value: dict[str, Any], words: _Words) -> str:
    group = value.get("group_by")
    if group is None:
        return words.say(f"합계: {number(value['total'])}", f"Total: {number(value['total'])}")
    best, worst = value["best"], value["worst"]
    whole = words.say(
        *{"sum": ("합계", "total"), "avg": ("평균", "average"), "count": ("건수", "count")}[
            value["aggregate"]
        ]
    )
    of = " · ".join((value["dataset"], value["measure"], group, *value.get("where", {}).values()))
    lines = [f"📈 {of}", f"- {whole}: {number(value['total'])}"]
    if "growth_percent" in value:
        growth = number(value["growth_percent"])
        lines.append(
            words.say(f"- 처음부터 끝까지 증감: {growth}%", f"- growth from first to last: {growth}%")
        )
    highest = f"{best[group]} ({number(best['value'])})"
    lowest = f"{worst[group]} ({number(worst['value'])})"
    lines.append(words.say(f"- 최고: {highest}, 최저: {lowest}", f"- best: {highest}, worst: {lowest}"))
    top = best["value"] or 1
    for row in value["rows"][:SHOWN_ROWS]:
        filled = round(BAR * row["value"] / top)
        lines.append(f"  {'█' * filled}{'░' * (BAR - filled)} {row[group]}: {number(row['value'])}")
    return "\n".join(lines)


def _notes(found: list[dict[str, Any]], words: _Words) -> str:
    if not found:
        return words.say("노트에는 그 내용이 나와 있지 않습니다.", "The notes say nothing about it.")
    first = found[0]
    source = words.say("출처", "source")
    told = f"{first['text']}\n({source}: {first['source']} · {first['heading']})"
    if first.get("only_mentioned"):
        nearest = words.say(
            "노트에 그런 규정은 없습니다. 가장 가까운 내용은 다음과 같습니다.",
            "The notes have no such policy. This is the nearest:",
        )
        return f"{nearest}\n\n{told}"
    return told


def _rows(rows: list[Any], words: _Words) -> str:
    if not rows:
        return words.say("맞는 것이 없습니다.", "Nothing matches.")
    found = words.say(f"{len(rows)}건을 찾았습니다.", f"I found {len(rows)}.")
    if all(isinstance(row, dict) for row in rows):
        return f"{found}\n\n{rows_table(rows)}"
    return "\n".join((found, *(f"- {row}" for row in rows[:SHOWN_ROWS])))
