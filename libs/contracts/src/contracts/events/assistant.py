"""Assistants that people make: a graph with settings of its own, in versions.

Each has its events under a conversation-like key (`subjects.assistant`), begun and deleted as one.
"""

from typing import Any, ClassVar, Final

from pydantic import Field

from contracts.events.base import Event

ASSISTANT_RESPONDER: Final = "assistants"
"""Stands where a conversation has its responder."""


class AssistantSaved(Event):
    """An assistant was made, or changed; the new version is the one in use.

    Attributes:
        assistant_id: a UUID, the same for all its versions.
        number: of the version, 1 for the first.
        graph: the name of the graph that it runs.
        name: what people call it.
        description: what it is for; None if nobody said.
        config: the config of its runs, unless the caller gives another.
        context: the runtime context of its runs, in the same way.
        metadata: what callers keep with it and search by.
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


class AssistantVersionChosen(Event):
    """Another version is in use now.

    Attributes:
        assistant_id: of the assistant.
        number: of the version, 1 for the first.
    """

    type: ClassVar[str] = "control.assistant_version_chosen"

    assistant_id: str
    number: int
