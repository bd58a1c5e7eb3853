"""Documents that a conversation's tools have drafted; the newest fact about each is how it stands."""

from typing import ClassVar

from contracts.events.base import Event


class DocumentSaved(Event):
    """A document was drafted, revised or placed in the outbox.

    Attributes:
        template: name without language, such as ``contract``.
        language: ``ko`` or ``en``.
        fields: the values filled in; the template's defaults stand for the others.
        outbox: addresses it was placed in the outbox for.
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
    """A document was deleted."""

    type: ClassVar[str] = "document.deleted"

    document_id: str
