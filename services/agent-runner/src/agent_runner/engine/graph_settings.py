"""What may be said of one graph in the file of graphs, ``[graphs.NAME]``."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

RECURSION_LIMIT = 100


class GraphSettings(BaseModel):
    """How one graph is run; times in seconds.

    Attributes:
        path: ``module:attribute`` or ``./file.py:attribute``; empty for a graph that is named elsewhere.
        recursion_limit: super-steps of one run; without it the graph's own limit, else `RECURSION_LIMIT`.
        timeout: of one attempt at a run; without it that of all graphs.
        input: what the graph is given for a message: the name of a field, or an object in whose texts
            ``{text}``, ``{user_id}`` and ``{thread_id}`` stand for the message's.
        reply: the field of the finished state that is the reply.
        context: fields of the graph's runtime context.
        configurable: added to ``config["configurable"]``.
        durable_calls: whether the outcomes of tool and model calls are kept, so that a takeover does not
            call again.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str = ""
    recursion_limit: int | None = Field(default=None, ge=1)
    timeout: float | None = Field(default=None, gt=0)
    input: str | dict[str, Any] | None = None
    reply: str | None = None
    context: dict[str, Any] = Field(default_factory=dict)
    configurable: dict[str, Any] = Field(default_factory=dict)
    durable_calls: bool = True
