"""What the planner itself says to a person, whichever model answers: questions, refusals. Pure."""

from collections.abc import Mapping
from typing import Any, Final

_QUESTIONS: Final = {
    "contract": ("계약서 작성을 진행하시겠습니까?", "Shall I go ahead and draft the contract?"),
    "email": ("이메일 작성을 진행하시겠습니까?", "Shall I go ahead and draft the e-mail?"),
    "report": ("보고서 작성을 진행하시겠습니까?", "Shall I go ahead and draft the report?"),
}


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
    return korean if language == "ko" else english


def effect(step: Mapping[str, Any], language: str) -> str:
    """What will be done when the person agrees."""
    arguments = ", ".join(f"{name}={value}" for name, value in step["arguments"].items())
    if language == "ko":
        return f"{step['description']}: {step['tool']}({arguments})을(를) 실행합니다."
    return f"{step['description']}: {step['tool']}({arguments}) will be called."


def refusal(plan: Mapping[str, Any], language: str) -> str:
    """The answer after a person said no."""
    done = sum(step["status"] == "completed" for step in plan["steps"])
    if language == "ko":
        rest = f" 그 전의 {done}개 단계는 이미 완료되었습니다." if done else ""
        return f"진행하지 않기로 하셔서 계획을 실행하지 않았습니다: {plan['goal']}.{rest}"
    rest = f" {done} earlier step(s) had been completed." if done else ""
    return f"As you decided, the plan was not carried out: {plan['goal']}.{rest}"
