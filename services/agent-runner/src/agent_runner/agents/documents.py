"""The documents of a conversation, kept as events of it."""

from agent_runner.agents.tools.answering import ToolFailed
from agent_runner.agents.tools.storage import Document
from agent_runner.engine.effects import EFFECTS, Facts
from contracts.events import DocumentDeleted, DocumentSaved, Event


class LogDocuments:
    """A `tools.storage.DocumentStore` of the conversation that the current run belongs to.

    What a run saves commits with the step that saved it; until then only that run sees it.
    """

    async def put(self, document: Document) -> None:
        """See `DocumentStore.put`.

        Raises:
            ToolFailed: in a run that is not kept.
        """
        fields = document.model_dump(exclude={"id"})
        self._effects().record(DocumentSaved(document_id=document.id, **fields))

    async def get(self, document_id: str) -> Document | None:
        """See `DocumentStore.get`."""
        return (await self._current()).get(document_id)

    async def delete(self, document_id: str) -> None:
        """See `DocumentStore.delete`. Raises as `put`."""
        self._effects().record(DocumentDeleted(document_id=document_id))

    async def all(self) -> list[Document]:
        """See `DocumentStore.all`."""
        documents = await self._current()
        return [documents[key] for key in sorted(documents)]

    async def _current(self) -> dict[str, Document]:
        documents: dict[str, Document] = {}
        if effects := EFFECTS.get():
            for event in await effects.facts("document.>"):
                _apply(documents, event)
        return documents

    def _effects(self) -> Facts:
        effects = EFFECTS.get()
        if effects is None:
            raise ToolFailed("documents are kept only in a conversation")
        return effects


def _apply(documents: dict[str, Document], event: Event) -> None:
    match event:
        case DocumentSaved():
            documents[event.document_id] = Document(
                id=event.document_id, **event.model_dump(exclude={"document_id"})
            )
        case DocumentDeleted():
            documents.pop(event.document_id, None)
