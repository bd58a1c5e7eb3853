"""Documents drafted from Markdown templates. Drafting, sending and deleting commit; the others don't.

A template is `<name>.<language>.md`: front matter with a default for each field, then text with
`{field}` where the field's value goes.
"""

import hashlib
from dataclasses import dataclass
from typing import Annotated, Any

from langchain_core.tools import BaseTool, InjectedToolCallId

from agent_runner.agents.tools.answering import ToolFailed, tool_of
from agent_runner.agents.tools.folder import DataFolder
from agent_runner.agents.tools.report import markdown_of
from agent_runner.agents.tools.storage import Document, DocumentStore
from agent_runner.agents.tools.tables import Unreadable, text_of


@dataclass(frozen=True, slots=True)
class Template:
    """A document's text with `{field}` places, and the default of each field."""

    defaults: dict[str, str]
    body: str

    def fill(self, fields: dict[str, str]) -> str:
        """The text with every field in its place.

        Raises:
            ToolFailed: on a field that the template does not have.
        """
        if unknown := fields.keys() - self.defaults.keys():
            raise ToolFailed(
                f"the template has no field {', '.join(sorted(unknown))}; it has {', '.join(self.defaults)}"
            )
        pieces = self.body.split("{")
        filled = [pieces[0]]
        for piece in pieces[1:]:
            name, closed, rest = piece.partition("}")
            known = closed and name in self.defaults
            filled.append(fields.get(name, self.defaults[name]) + rest if known else "{" + piece)
        return "".join(filled)


def read_template(folder: DataFolder, name: str, language: str) -> Template:
    """The template of that name in that language.

    Raises:
        ToolFailed: if there is none that can be read.
    """
    files = {file.name: file for file in folder.templates()}
    file = files.get(f"{name}.{language}.md")
    if file is None:
        raise ToolFailed(f"there is no template {name}.{language}.md; there are {', '.join(files)}")
    try:
        before, *rest = text_of(file).split("---\n", 2)
    except Unreadable as error:
        raise ToolFailed(str(error)) from error
    front, body = rest if not before and len(rest) == 2 else ("", "---\n".join((before, *rest)))
    pairs = (line.partition(":") for line in front.splitlines() if line.strip())
    return Template({key.strip(): value.strip() for key, _, value in pairs}, body)


class Documents:
    """Drafts, revises and finds documents of one folder's templates in one store."""

    def __init__(self, folder: DataFolder, store: DocumentStore) -> None:
        self._folder = folder
        self.store = store

    async def draft(self, document_id: str, template: str, language: str, fields: dict[str, str]) -> Document:
        """A new document; the same id again gives the same document."""
        found = read_template(self._folder, template, language)
        whole = found.defaults | fields
        document = Document(
            id=document_id,
            title=whole.get("title", template),
            template=template,
            language=language,
            fields=fields,
            markdown=found.fill(fields),
        )
        await self.store.put(document)
        return document

    async def find(self, document_id: str) -> Document:
        """The document.

        Raises:
            ToolFailed: if there is none of that id.
        """
        document = await self.store.get(document_id)
        if document is None:
            raise ToolFailed(f"there is no document {document_id!r}")
        return document


def document_tools(folder: DataFolder, store: DocumentStore) -> list[BaseTool]:
    """The tools over the folder's templates and the store."""
    documents = Documents(folder, store)

    async def draft_document(
        template: str,
        call_id: Annotated[str, InjectedToolCallId],
        language: str = "ko",
        fields: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        """Draft a document (contract, report, email) from its template and store it.
        Fields left out keep the template's defaults; a contract has title, client, provider, subject, amount,
        period, payment and terms."""
        return _shown(await documents.draft(_id(call_id), template, language, fields or {}))

    async def write_report(
        title: str,
        results: list[dict[str, Any]],
        call_id: Annotated[str, InjectedToolCallId],
        language: str = "ko",
    ) -> dict[str, Any]:
        """Write a report in Markdown, with a table for each result of analyze_dataset."""
        summary, body = markdown_of(results, language)
        fields = {"title": title, "summary": summary, "body": body}
        return _shown(await documents.draft(_id(call_id), "report", language, fields))

    async def revise_document(document_id: str, changes: dict[str, str]) -> dict[str, Any]:
        """Change fields of a stored document, such as {"amount": "10,000,000원"}, and keep the others."""
        old = await documents.find(document_id)
        fields = old.fields | changes
        return _shown(await documents.draft(old.id, old.template, old.language, fields))

    async def read_document(document_id: str) -> dict[str, Any]:
        """Read a stored document."""
        return _shown(await documents.find(document_id))

    async def list_documents() -> list[dict[str, str]]:
        """List the stored documents."""
        return [{"document_id": d.id, "title": d.title} for d in await store.all()]

    async def send_document(document_id: str, to: str) -> dict[str, Any]:
        """Place a document in the outbox for an e-mail address; delivering the outbox is not part of this."""
        if "@" not in to:
            raise ToolFailed(f"{to!r} is no e-mail address")
        document = await documents.find(document_id)
        outbox = tuple(dict.fromkeys((*document.outbox, to)))
        await store.put(document.model_copy(update={"outbox": outbox}))
        return {"document_id": document.id, "title": document.title, "outbox": list(outbox)}

    async def delete_document(document_id: str) -> dict[str, Any]:
        """Delete a stored document."""
        document = await documents.find(document_id)
        await store.delete(document_id)
        return {"document_id": document.id, "title": document.title, "deleted": True}

    return [
        *(tool_of(t, commits=True) for t in (draft_document, send_document, delete_document)),
        *(tool_of(t) for t in (write_report, revise_document, read_document, list_documents)),
    ]


def _id(call_id: str) -> str:
    """The id follows from the call's, so that a call repeated after a crash makes no second document."""
    return f"doc-{hashlib.blake2s(call_id.encode(), digest_size=6).hexdigest()}"


def _shown(document: Document) -> dict[str, Any]:
    return {
        "document_id": document.id,
        "title": document.title,
        "fields": document.fields,
        "markdown": document.markdown,
    }
