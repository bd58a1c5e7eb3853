"""What the planner itself says to a person, whichever model answers: questions, refusals. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from agent_runner.engine.faults import Language

_QUESTIONS: Final = {
    "contract": ("계약서 작성을 진행하시겠습니까?", "Shall I go ahead and draft the contract?"),
    "email": ("이메일 작성을 진행하시겠습니까?", "Shall I go ahead and draft the e-mail?"),
    "report": ("보고서 작성을 진행하시겠습니까?", "Shall I go ahead and draft the report?"),
}

DIRECT: Final[dict[Language, str]] = {"ko": "바로 답합니다", "en": "Answer directly"}
_STEPS: Final = {
    "find_contacts": ("search", "연락처 검색", "Search the contacts"),
    "list_datasets": ("search", "데이터 세트 목록", "List the datasets"),
    "describe_dataset": ("search", "데이터 확인", "Look at the data"),
    "analyze_dataset": ("analyze", "데이터 분석", "Analyse the data"),
    "query_datasets": ("analyze", "데이터 조회", "Query the data"),
    "search_notes": ("search", "노트 검색", "Search the notes"),
    "list_documents": ("search", "문서 목록", "List the documents"),
    "read_document": ("search", "문서 읽기", "Read the document"),
    "write_report": ("document", "보고서 작성", "Write the report"),
    "draft_document": ("document", "문서 작성", "Draft the document"),
    "revise_document": ("document", "문서 수정", "Revise the document"),
    "send_document": ("send", "문서 발송", "Send the document"),
    "delete_document": ("delete", "문서 삭제", "Delete the document"),
}
_FIELDS: Final = {
    "template": "서식", "language": "언어", "document_id": "문서 번호", "amount": "금액", "period": "기간",
    "client": "발주자", "provider": "수급자", "title": "제목", "subject": "내용", "payment": "지급 조건",
    "terms": "특약", "to": "받는 사람", "body": "본문",
}  # fmt: skip


def described(tool: str, language: str) -> tuple[str, str]:
    """What kind of step a call of the tool is, and what to call it to a person."""
    kind, korean, english = _STEPS.get(tool, ("tool", tool, tool))
    return kind, korean if language == "ko" else english


def question(step: Mapping[str, Any], language: str) -> str:
    """What a person is asked before a step that commits them."""
    arguments = step["arguments"]
    description = step["description"]
    match step["tool"]:
        case "draft_document" if arguments.get("template") in _QUESTIONS:
            korean, english = _QUESTIONS[arguments["template"]]
        case "send_document":
            korean = f"문서를 {arguments.get('to')} 앞으로 보내시겠습니까?"
            english = f"Shall I send the document to {arguments.get('to')}?"
        case "delete_document":
            korean = f"문서 {arguments.get('document_id')}을(를) 삭제하시겠습니까?"
            english = f"Shall I delete the document {arguments.get('document_id')}?"
        case _:
            korean = f"'{description}' 단계를 진행하시겠습니까?"
            english = f"Shall I go ahead with: {description}?"
    plain = korean if language == "ko" else english
    return f"{_again(step, language)}{plain}"


def _again(step: Mapping[str, Any], language: str) -> str:
    """What comes before a question that is asked again: the change that was understood, or how to answer."""
    if changed := step.get("changed"):
        names = _FIELDS if language == "ko" else {}
        values = ", ".join(f"{names.get(name, name)}: {value}" for name, value in changed.items())
        return f"이렇게 바꾸겠습니다. {values}. " if language == "ko" else f"With this change: {values}. "
    if step.get("unclear"):
        done = effect(step, language)
        if language == "ko":
            return (
                f"아직 아무것도 하지 않았습니다. {done} '네' 또는 '아니요'로 답하거나 바꿀 것을 말해 주세요. "
            )
        return f"Nothing has been done yet. {done} Please answer 'yes' or 'no', or say what to change. "
    return ""


def effect(step: Mapping[str, Any], language: str) -> str:
    """What will be done when the person agrees."""
    flat: dict[str, Any] = {}
    for name, value in step["arguments"].items():
        flat |= value if isinstance(value, Mapping) else {name: value}
    names = _FIELDS if language == "ko" else {}
    told = ", ".join(f"{names.get(name, name)}: {value}" for name, value in flat.items() if value is not None)
    return f"{step['description']} ({told})." if told else f"{step['description']}."


def refusal(plan: Mapping[str, Any], language: str) -> str:
    """The answer after a person said no."""
    done = sum(step["status"] == "completed" for step in plan["steps"])
    if language == "ko":
        rest = f" 그 전의 {done}개 단계는 이미 완료되었습니다." if done else ""
        return f"진행하지 않기로 하셔서 계획을 실행하지 않았습니다: {plan['goal']}.{rest}"
    rest = f" {done} earlier step(s) had been completed." if done else ""
    return f"As you decided, the plan was not carried out: {plan['goal']}.{rest}"
