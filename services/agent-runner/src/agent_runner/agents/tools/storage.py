"""Where documents are kept: a port, and the implementation in memory that tests use."""

from typing import Protocol

from pydantic import BaseModel, ConfigDict


class Document(BaseModel):
    """A document and what it was made of, so that a field can be revised.

    Attributes:
        template: name without language, such as ``contract``.
        language: ``ko`` or ``en``.
        outbox: the addresses for which it was placed in the outbox.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    title: str
    template: str
    language: str
    fields: dict[str, str]
    markdown: str
    outbox: tuple[str, ...] = ()


class DocumentStore(Protocol):
    """Keeps documents by id; the newest version of each is what counts."""

    async def put(self, document: Document) -> None:
        """Store the document, over an earlier version of it."""

    async def get(self, document_id: str) -> Document | None:
        """The document, or None."""

    async def delete(self, document_id: str) -> None:
        """Remove the document; nothing happens when there is none."""

    async def all(self) -> list[Document]:
        """Every document, by id."""


class MemoryDocuments:
    """Documents for the life of the process."""

    def __init__(self) -> None:
        self._documents: dict[str, Document] = {}

    async def put(self, document: Document) -> None:
        self._documents[document.id] = document

    async def get(self, document_id: str) -> Document | None:
        return self._documents.get(document_id)

    async def delete(self, document_id: str) -> None:
        self._documents.pop(document_id, None)

    async def all(self) -> list[Document]:
        return [self._documents[key] for key in sorted(self._documents)]
