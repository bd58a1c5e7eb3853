"""The trace of a run: LangChain's events in outline, as live deltas whose kind is the event's name.

The end of the root is not among them: whether a run has ended, and how, is a fact of the log.
"""

from typing import Any, Final
from uuid import UUID, uuid5

from pydantic import BaseModel, ConfigDict

CHAIN_START: Final = "on_chain_start"
CHAIN_STREAM: Final = "on_chain_stream"
CHAIN_END: Final = "on_chain_end"
CHAIN_ERROR: Final = "on_chain_error"
CHAT_MODEL_START: Final = "on_chat_model_start"
CHAT_MODEL_STREAM: Final = "on_chat_model_stream"
TOOL_START: Final = "on_tool_start"
TOOL_END: Final = "on_tool_end"
TOOL_ERROR: Final = "on_tool_error"

TRACED: Final = frozenset(
    {
        CHAIN_START,
        CHAIN_STREAM,
        CHAIN_END,
        CHAT_MODEL_START,
        CHAT_MODEL_STREAM,
        TOOL_START,
        TOOL_END,
        TOOL_ERROR,
    }
)
"""The kinds of deltas that are `TraceEvent`."""


class TraceEvent(BaseModel):
    """The `data` of a delta of a traced kind.

    Attributes:
        run_id: a UUID, one for each node of the run.
        parent_ids: the nodes around it, the root first.
        tags: such as ``graph:step:3`` and ``langsmith:hidden``.
        data: empty for a start or an end, else the chunk or the error.
    """

    model_config = ConfigDict(frozen=True)

    run_id: str
    parent_ids: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    data: dict[str, Any] = {}


def root_of(run_id: str, attempt: int) -> UUID:
    """The root's id in the trace of one attempt, so that the log alone can tell it."""
    first = UUID(run_id)
    return first if attempt == 1 else uuid5(first, str(attempt))
