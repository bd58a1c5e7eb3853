"""The calls that draft, change, send, delete or show a document. Pure."""

from agent_runner.agents.models.request import Request
from agent_runner.agents.models.steps import step
from agent_runner.agents.planning import PlannedStep


def document_steps(request: Request) -> list[PlannedStep]:
    """What is done about a document; nothing where the request leaves open which, or to whom."""
    details = request.details
    if request.kind == "draft":
        return [_draft(request)]
    if "document" not in details or (request.kind == "send" and "address" not in details):
        return []
    named = {"document_id": details["document"]}
    match request.kind:
        case "revise":
            return [
                step(
                    request, "document", "revise_document", "문서 수정", "Revise the document",
                    **named, changes=_changes(request),
                )
            ]  # fmt: skip
        case "send":
            return [
                step(
                    request, "send", "send_document", "문서 발송", "Send the document",
                    **named, to=details["address"],
                )
            ]  # fmt: skip
        case "delete":
            return [step(request, "delete", "delete_document", "문서 삭제", "Delete the document", **named)]
        case _:
            return [step(request, "search", "read_document", "문서 읽기", "Read the document", **named)]


def _draft(request: Request) -> PlannedStep:
    named = ("client", "amount", "period")
    fields = {name: request.details[name] for name in named if name in request.details}
    return step(
        request, "document", "draft_document", "계약서 작성", "Draft the contract",
        template="contract", language=request.language, fields=fields,
    )  # fmt: skip


def letter(request: Request) -> PlannedStep:
    """The draft of an e-mail."""
    details = request.details
    fields: dict[str, str] = {name: details[name] for name in ("to", "body") if name in details}
    if topic := details.get("topic"):
        fields |= {"subject": topic, "title": topic}
    return step(
        request, "document", "draft_document", "이메일 작성", "Draft the e-mail",
        template="email", language=request.language, fields=fields,
    )  # fmt: skip


def _changes(request: Request) -> dict[str, str]:
    amount = request.details.get("amount")
    return {"amount": amount} if amount else {"terms": request.text}
