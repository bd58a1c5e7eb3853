"""Which tool calls answer a request, by rules. Pure.

An argument that is ``$step_N``, alone or in a list, stands for the result of that step: see `resolve`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from agent_runner.agents.models.request import Request
from agent_runner.agents.planning import PlannedStep
from agent_runner.engine.faults import Language

_GOALS: Final = {
    "contacts": ("연락처에서 사람을 찾습니다", "Find people in the contacts"),
    "datasets": ("데이터 세트를 알아봅니다", "Find out which datasets there are"),
    "analysis": ("데이터를 분석합니다", "Analyse the data"),
    "progress": ("프로젝트 진행 상황을 보여드립니다", "Show how the projects are going"),
    "report": ("분석 보고서를 작성합니다", "Write an analysis report"),
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
    return _said(request.language, *_GOALS.get(request.kind, _DIRECT))


def steps_for(request: Request) -> list[PlannedStep]:
    """The tool calls, in order; none where an answer needs no tool or the request is beyond the rules."""
    match request.kind:
        case "contacts":
            return [_contacts(request)]
        case "datasets":
            return [_step(request, "search", "list_datasets", "데이터 세트 목록", "List the datasets")]
        case "analysis" | "progress":
            return _analysis(request) if request.kind == "analysis" else _progress(request)
        case "report":
            return _report(request)
        case "notes":
            return [
                _step(request, "search", "search_notes", "노트 검색", "Search the notes", query=request.text)
            ]
        case "documents":
            return [_step(request, "search", "list_documents", "문서 목록", "List the documents")]
        case "draft" | "revise" | "read" | "send" | "delete":
            return _document(request)
        case _:
            return []


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
    found = {key: value for key, value in request.details.items() if key in ("name", "company")}
    if "region" in request.filters:
        found["region"] = request.filters["region"]
    return _step(request, "search", "find_contacts", "연락처 검색", "Search the contacts", **found)


def _dataset(request: Request) -> str:
    year = request.details.get("year")
    subject = request.details.get("subject", "sales")
    return f"{subject}_{year}" if year else subject


def _analysis(request: Request) -> list[PlannedStep]:
    dataset = _dataset(request)
    common: dict[str, Any] = {"dataset": dataset}
    if request.filters:
        common["where"] = request.filters
    if "measure" in request.details:
        common["measure"] = request.details["measure"]
    second = "department" if dataset.startswith("expenses") else "region"
    group = request.details.get("group")
    over_time = "growth" if group == "growth" else "by_month"
    if group in ("region", "product", "department", "category"):
        second = group
    elif second in request.filters:
        second = "product"
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
    where = {"where": request.filters} if request.filters else {}
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
    template = request.details["template"]
    amount = request.details.get("amount")
    korean, english = (
        ("계약서 작성", "Draft the contract")
        if template == "contract"
        else ("이메일 작성", "Draft the e-mail")
    )
    fields = {"amount": amount} if amount and template == "contract" else {}
    return _step(
        request, "document", "draft_document", korean, english,
        template=template, language=request.language, fields=fields,
    )  # fmt: skip


def _changes(request: Request) -> dict[str, str]:
    amount = request.details.get("amount")
    return {"amount": amount} if amount else {"terms": request.text}
