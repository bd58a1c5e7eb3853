"""Which tool calls answer a request, by rules. Pure.

An argument that is ``$step_N``, alone or in a list, stands for the result of that step: see `resolve`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from agent_runner.agents.models.analyses import (
    analysis,
    compared,
    comparison,
    profit,
    progress,
    report,
    tasks,
)
from agent_runner.agents.models.documents import document_steps, letter
from agent_runner.agents.models.phrases import filters_of, is_question
from agent_runner.agents.models.request import Request
from agent_runner.agents.models.steps import said, step
from agent_runner.agents.planning import PlannedStep
from agent_runner.agents.tools.notes import MEANING, about

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
    return said(request.language, *_GOALS.get(kind, _DIRECT))


def steps_for(request: Request) -> list[PlannedStep]:
    """The tool calls, in order; none where an answer needs no tool or the request is beyond the rules."""
    if _is_looked_up(request):
        return [step(request, "search", "search_notes", "노트 검색", "Search the notes", query=request.text)]
    match request.kind:
        case "contacts":
            return [_contacts(request)]
        case "datasets":
            return [step(request, "search", "list_datasets", "데이터 세트 목록", "List the datasets")]
        case "analysis":
            return comparison(request) if compared(request) else analysis(request)
        case "profit":
            return profit(request)
        case "progress":
            return progress(request)
        case "tasks":
            return [tasks(request)]
        case "report":
            return report(request)
        case "documents":
            return [step(request, "search", "list_documents", "문서 목록", "List the documents")]
        case "mail":
            return [letter(request)]
        case "draft" | "revise" | "read" | "send" | "delete":
            return document_steps(request)
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


def _contacts(request: Request) -> PlannedStep:
    found = {"region": request.filters["region"]} if "region" in request.filters else {}
    names = [word for word in request.details.get("query", "").split() if not filters_of(word).get("region")]
    if names:
        found["query"] = " ".join(names)
    return step(request, "search", "find_contacts", "연락처 검색", "Search the contacts", **found)
