"""Documents that a conversation's tools have drafted; the newest fact about each is how it stands."""

from typing import ClassVar

from contracts.events.base import Event


class DocumentSaved(Event):
    """A document was drafted, revised or placed in the outbox.

    Attributes:
        document_id: names the document.
        title: its title.
        template: name without language, such as ``contract``.
        language: ``ko`` or ``en``.
        fields: the values filled in; the template's defaults stand for the others.
        markdown: its text.
        outbox: the addresses for which it was placed in the outbox.
    """

    type: ClassVar[str] = "document.saved"

    document_id: str
    title: str
    template: str
    language: str
    fields: dict[str, str]
    markdown: str
    outbox: tuple[str, ...] = ()


class DocumentDeleted(Event):
    """A document was deleted.

    Attributes:
        document_id: the document that is gone.
    """

    type: ClassVar[str] = "document.deleted"

    document_id: str
