"""What history-store is asked of what is to be done for runs, and when."""

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from contracts.queries.base import Query

ErrandKind = Literal["begin", "webhook"]


class Errand(BaseModel):
    """Something to be done for a run.

    Attributes:
        kind: to begin it, or to post what it came to.
        due_at: UTC with microseconds.
        attempt: how often it was tried.
    """

    model_config = ConfigDict(frozen=True, from_attributes=True)

    key: str
    run_id: str
    kind: ErrandKind
    due_at: str
    attempt: int


ERRANDS: Final = "history.errands"


class ErrandsQuery(Query):
    """What is due by a time, the longest due first.

    Attributes:
        due_by: UTC with microseconds.
    """

    due_by: str
    limit: int = Field(default=100, ge=1, le=1000)


class Errands(BaseModel):
    """The answer to `ErrandsQuery`.

    Attributes:
        next_at: UTC with microseconds, when the next errand is due behind those that are; None without one.
        awaited: keys of conversations with a run whose end makes an errand due, the oldest first.
    """

    model_config = ConfigDict(frozen=True)

    errands: tuple[Errand, ...] = ()
    next_at: str | None = None
    awaited: tuple[str, ...] = ()
