"""Assistants that people make: a graph with settings of its own, in versions."""

from typing import Any, ClassVar

from pydantic import Field

from contracts.events.base import Event


class AssistantSaved(Event):
    """An assistant was made, or changed; the new version is the one in use.

    Attributes:
        number: of the version, 1 for the first.
        config: what its runs have as config, where the caller gives nothing else.
        context: the same of the runtime context.
        owner: the authenticated user who made it, who alone may see it; None where anybody may.
    """

    type: ClassVar[str] = "control.assistant_saved"

    assistant_id: str
    number: int
    graph: str
    name: str
    description: str | None = None
    config: dict[str, Any] = Field(default_factory=dict)
    context: Any = None
    metadata: dict[str, Any] = Field(default_factory=dict)
    owner: str | None = None


class AssistantVersionChosen(Event):
    """The version of this number is in use now."""

    type: ClassVar[str] = "control.assistant_version_chosen"

    assistant_id: str
    number: int


class AssistantDeleted(Event):
    """An assistant is not there any more; what its runs were asked for with is in their requests."""

    type: ClassVar[str] = "control.assistant_deleted"

    assistant_id: str
