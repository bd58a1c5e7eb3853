"""The trace of a run: LangChain's events in outline, as live deltas whose kind is the event's name.

Their data is ``{"run_id", "parent_ids", "tags", "data"}``: a UUID for each node of the run, the nodes
around it from the root on, tags such as ``graph:step:3`` and ``langsmith:hidden``, and for a start or an
end an empty `data`, else the chunk or the error. The end of the root is not among them: whether a run has
ended, and how, is a fact of the log.
"""

from typing import Final
from uuid import UUID, uuid5

CHAIN_START: Final = "on_chain_start"
CHAIN_STREAM: Final = "on_chain_stream"
CHAIN_END: Final = "on_chain_end"
CHAIN_ERROR: Final = "on_chain_error"
CUSTOM_EVENT: Final = "on_custom_event"
"""What a graph says on the way: with its ``name``, and the ``node`` and ``step`` that it is of."""
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
        CUSTOM_EVENT,
        CHAT_MODEL_START,
        CHAT_MODEL_STREAM,
        TOOL_START,
        TOOL_END,
        TOOL_ERROR,
    }
)
"""The kinds of deltas that are such events."""


def root_of(run_id: str, attempt: int) -> UUID:
    """The root's id in the trace of one attempt, so that the log alone can tell it."""
    first = UUID(run_id)
    return first if attempt == 1 else uuid5(first, str(attempt))
