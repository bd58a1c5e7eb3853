"""Which tool calls answer a request, by rules. Pure.

An argument that is ``$step_N``, alone or in a list, stands for the result of that step: see `resolve`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from agent_runner.agents.models.phrases import filters_of, is_question
from agent_runner.agents.models.request import Request
from agent_runner.agents.planning import PlannedStep
from agent_runner.agents.tools.notes import MEANING, about
from agent_runner.engine.faults import Language

_GOALS: Final = {
    "contacts": ("연락처에서 사람을 찾습니다", "Find people in the contacts"),
    "datasets": ("데이터 세트를 알아봅니다", "Find out which datasets there are"),
    "analysis": ("데이터를 분석합니다", "Analyse the data"),
    "progress": ("프로젝트 진행 상황을 보여드립니다", "Show how the projects are going"),
    "report": ("분석 보고서를 작성합니다", "Write an analysis report"),
    "profit": ("매출과 비용의 차이를 계산합니다", "Work out revenue less expenses"),
    "tasks": ("프로젝트의 작업을 찾습니다", "Find the projects' tasks"),
    "mail": ("이메일을 작성합니다", "Draft an e-mail"),
    "draft": ("문서를 작성합니다", "Draft a document"),
    "revise": ("문서를 수정합니다", "Revise a document"),
    "send": ("문서를 보냅니다", "Send a document"),
    "delete": ("문서를 삭제합니다", "Delete a document"),
    "documents": ("저장된 문서를 알아봅니다", "List the stored documents"),
    "read": ("문서를 보여드립니다", "Show a document"),
    "notes": ("노트에서 답을 찾습니다", "Look the answer up in the notes"),
}
_DIRECT: Final = ("바로 답합니다", "Answer directly")


def goal_of(request: Request) -> str:
    """One sentence about what will be done."""
    kind = "notes" if _is_looked_up(request) else request.kind
    return _said(request.language, *_GOALS.get(kind, _DIRECT))


def steps_for(request: Request) -> list[PlannedStep]:
    """The tool calls, in order; none where an answer needs no tool or the request is beyond the rules."""
    if _is_looked_up(request):
        return [_step(request, "search", "search_notes", "노트 검색", "Search the notes", query=request.text)]
    match request.kind:
        case "contacts":
            return [_contacts(request)]
        case "datasets":
            return [_step(request, "search", "list_datasets", "데이터 세트 목록", "List the datasets")]
        case "analysis":
            return _comparison(request) if _compared(request) else _analysis(request)
        case "profit":
            return _profit(request)
        case "progress":
            return _progress(request)
        case "tasks":
            return [_tasks(request)]
        case "report":
            return _report(request)
        case "documents":
            return [_step(request, "search", "list_documents", "문서 목록", "List the documents")]
        case "mail":
            return [_letter(request)]
        case "draft" | "revise" | "read" | "send" | "delete":
            return _document(request)
        case _:
            return []


def may_be_noted(request: Request, found: Sequence[Any]) -> bool:
    """Whether to look into the notes as well, since there was nobody whom the words name."""
    return request.kind == "contacts" and list(found) == [[]] and bool(_meanings(request.text))


def _is_looked_up(request: Request) -> bool:
    """Whether the notes may know; they are asked about whatever else the rules do not know."""
    asks = is_question(request.text) or len(_meanings(request.text)) > 1
    return request.kind == "notes" or (request.kind == "beyond" and asks)


def _meanings(text: str) -> list[str]:
    return [each for each in about(text, is_question=True) if each.startswith(MEANING)]


def resolve(value: Any, results: Mapping[str, Any]) -> Any:
    """The arguments with each ``$step_N`` replaced by that step's result; others stay as they are."""
    if isinstance(value, str) and value.startswith("$"):
        return results.get(value[1:], value)
    if isinstance(value, Mapping):
        return {key: resolve(item, results) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [resolve(item, results) for item in value]
    return value


def _said(language: Language, korean: str, english: str) -> str:
    return korean if language == "ko" else english


def _step(request: Request, kind: str, tool: str, korean: str, english: str, **arguments: Any) -> PlannedStep:
    description = _said(request.language, korean, english)
    return PlannedStep(type=kind, tool=tool, description=description, arguments=arguments)


def _contacts(request: Request) -> PlannedStep:
    found = {"region": request.filters["region"]} if "region" in request.filters else {}
    names = [word for word in request.details.get("query", "").split() if not filters_of(word).get("region")]
    if names:
        found["query"] = " ".join(names)
    return _step(request, "search", "find_contacts", "연락처 검색", "Search the contacts", **found)


def _dataset(request: Request, subject: str | None = None) -> str:
    year = request.details.get("year")
    subject = subject or request.details.get("subject", "sales")
    return f"{subject}_{year}" if year else subject


def _where(request: Request, dataset: str) -> dict[str, Any]:
    """The filters on columns that the dataset has, as arguments."""
    columns = ("department", "category") if dataset.startswith("expenses") else ("region", "product")
    where = {column: value for column, value in request.filters.items() if column in columns}
    return {"where": where} if where else {}


def _compared(request: Request) -> str | None:
    """The year to compare with, where one is named or follows from the other."""
    other = request.details.get("compared")
    if other == "yes":
        year = request.details.get("year")
        return str(int(year) - 1) if year else None
    return other


def _comparison(request: Request) -> list[PlannedStep]:
    other = f"{request.details.get('subject', 'sales')}_{_compared(request)}"
    measure = {"measure": request.details["measure"]} if "measure" in request.details else {}
    return [
        _step(
            request, "analyze", "analyze_dataset", "합계 계산", "Compute the total",
            dataset=dataset, operation="total", **measure, **_where(request, dataset),
        )
        for dataset in (_dataset(request), other)
    ]  # fmt: skip


def _profit(request: Request) -> list[PlannedStep]:
    return [
        _step(
            request, "analyze", "analyze_dataset", "합계 계산", "Compute the total",
            dataset=_dataset(request, subject), operation="total",
        )
        for subject in ("sales", "expenses")
    ]  # fmt: skip


def _analysis(request: Request) -> list[PlannedStep]:
    dataset = _dataset(request)
    common: dict[str, Any] = {"dataset": dataset, **_where(request, dataset)}
    if "measure" in request.details and not dataset.startswith("expenses"):
        common["measure"] = request.details["measure"]
    second = "department" if dataset.startswith("expenses") else "region"
    group = request.details.get("group")
    over_time = "growth" if group == "growth" else "by_month"
    if group in ("region", "product", "department", "category"):
        second = group
    elif second in request.filters:
        second = "category" if second == "department" else "product"
    return [
        _step(request, "search", "describe_dataset", "데이터 확인", "Look at the data", dataset=dataset),
        _step(
            request, "analyze", "analyze_dataset", "월별 분석", "Analyse by month",
            operation=over_time, **common,
        ),
        _step(
            request, "analyze", "analyze_dataset", "항목별 분석", f"Analyse by {second}",
            operation="by_group", group_by=second, **common,
        ),
    ]  # fmt: skip


def _tasks(request: Request) -> PlannedStep:
    conditions = []
    match request.details.get("status"):
        case None:
            pass
        case "unfinished":
            conditions.append("status <> 'done'")
        case status:
            conditions.append(f"status = {_literal(status)}")
    if owner := request.details.get("owner"):
        conditions.append(f"owner ILIKE {_literal(f'%{owner}%')}")
    if (months := request.details.get("months")) and months != "last":
        listed = ", ".join(map(_literal, months.split(",")))
        conditions.append(f"strftime(due, '%m') IN ({listed})")
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    sql = f"SELECT project, task, owner, status, progress, due FROM projects{where} ORDER BY due"  # noqa: S608 - quoted below, and only read
    return _step(request, "search", "query_datasets", "작업 조회", "Look the tasks up", sql=sql)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _progress(request: Request) -> list[PlannedStep]:
    common = {"dataset": "projects", "operation": "by_group"}
    return [
        _step(
            request, "search", "describe_dataset", "프로젝트 데이터 확인", "Look at the projects",
            dataset="projects",
        ),
        _step(
            request, "analyze", "analyze_dataset", "프로젝트별 진행률", "Progress by project",
            group_by="project", measure="progress", aggregate="avg", **common,
        ),
        _step(
            request, "analyze", "analyze_dataset", "상태별 작업 수", "Tasks by status",
            group_by="status", measure="progress", aggregate="count", **common,
        ),
    ]  # fmt: skip


def _report(request: Request) -> list[PlannedStep]:
    dataset = _dataset(request)
    group = "department" if dataset.startswith("expenses") else "product"
    where = _where(request, dataset)
    title = _said(request.language, "월간 분석 보고서", "Monthly analysis report")
    return [
        _step(
            request, "analyze", "analyze_dataset", "월별 분석", "Analyse by month",
            dataset=dataset, operation="by_month", **where,
        ),
        _step(
            request, "analyze", "analyze_dataset", "항목별 분석", f"Analyse by {group}",
            dataset=dataset, operation="by_group", group_by=group, **where,
        ),
        _step(
            request, "document", "write_report", "보고서 작성", "Write the report",
            title=title, language=request.language, results=["$step_1", "$step_2"],
        ),
    ]  # fmt: skip


def _document(request: Request) -> list[PlannedStep]:
    if request.kind == "draft":
        return [_draft(request)]
    if "document" not in request.details:
        return []
    document = request.details["document"]
    match request.kind:
        case "revise":
            changes = _changes(request)
            korean, english = "문서 수정", "Revise the document"
            return [
                _step(
                    request,
                    "document",
                    "revise_document",
                    korean,
                    english,
                    document_id=document,
                    changes=changes,
                )
            ]
        case "send" if "address" not in request.details:
            return []
        case "send":
            to = request.details["address"]
            return [
                _step(
                    request,
                    "send",
                    "send_document",
                    "문서 발송",
                    "Send the document",
                    document_id=document,
                    to=to,
                )
            ]
        case "delete":
            return [
                _step(
                    request,
                    "delete",
                    "delete_document",
                    "문서 삭제",
                    "Delete the document",
                    document_id=document,
                )
            ]
        case _:
            return [
                _step(
                    request, "search", "read_document", "문서 읽기", "Read the document", document_id=document
                )
            ]


def _draft(request: Request) -> PlannedStep:
    named = ("client", "amount", "period")
    fields = {name: request.details[name] for name in named if name in request.details}
    return _step(
        request, "document", "draft_document", "계약서 작성", "Draft the contract",
        template="contract", language=request.language, fields=fields,
    )  # fmt: skip


def _letter(request: Request) -> PlannedStep:
    details = request.details
    fields: dict[str, str] = {name: details[name] for name in ("to", "body") if name in details}
    if topic := details.get("topic"):
        fields |= {"subject": topic, "title": topic}
    return _step(
        request, "document", "draft_document", "이메일 작성", "Draft the e-mail",
        template="email", language=request.language, fields=fields,
    )  # fmt: skip


def _changes(request: Request) -> dict[str, str]:
    amount = request.details.get("amount")
    return {"amount": amount} if amount else {"terms": request.text}
