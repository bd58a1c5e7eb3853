"""What history-store is asked of the assistants that people have made."""

from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from contracts.queries.base import Query


class AssistantRecord(BaseModel):
    """A version of an assistant. Times are UTC with microseconds.

    Attributes:
        in_use: whether it is the one that runs have.
        newest: the highest version that there ever was.
        created_at: when the assistant was made.
        updated_at: when this version was.
    """

    model_config = ConfigDict(frozen=True)

    assistant_id: str
    version: int
    newest: int
    in_use: bool
    graph: str
    name: str
    description: str | None
    config: dict[str, Any]
    context: Any
    metadata: dict[str, Any]
    created_at: str
    updated_at: str


ASSISTANTS: Final = "history.assistants"


class AssistantsQuery(Query):
    """The assistants that `caller` may see, the newest first: the versions in use, or all of one.

    Attributes:
        assistant_id: only this one.
        versions: all of its versions.
        caller: the authenticated user who asks.
    """

    assistant_id: str | None = None
    versions: bool = False
    caller: str | None = None
    limit: int = Field(default=1000, ge=0, le=1000)
    offset: int = Field(default=0, ge=0)


class Assistants(BaseModel):
    """The answer to `AssistantsQuery`; it may hold fewer than asked for, and `total` counts all."""

    model_config = ConfigDict(frozen=True)

    assistants: tuple[AssistantRecord, ...] = ()
    total: int
