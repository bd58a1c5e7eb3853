"""Deltas: what clients see before the log has it. Numbered, so that a gap is seen and mended."""

from typing import Any, Final

from pydantic import BaseModel, ConfigDict

NODE_STARTED: Final = "node_started"
NODE_ENDED: Final = "node_ended"
"""Of a subgraph's node only: of the ends of others the log tells."""
WITHIN: Final = ":"
"""Stands in names of a subgraph's nodes behind the node that the subgraph is, as LangGraph draws them."""
FRAME: Final = "frame"
"""The kind of what a run streams; its data is the frame's number, its event and its JSON text."""
UNHEARD: Final = frozenset(("agent",))
"""Wire protocols that show nothing before the log has it: where only they are spoken, runs send no deltas."""


class Delta(BaseModel):
    """One piece of a reply in the making.

    Attributes:
        run_id: the run it belongs to.
        attempt: the run's attempt; deltas of an older attempt than the newest seen are void.
        index: 0 for the attempt's first delta, then one more each.
        kind: what `data` is, such as ``token`` or ``node_started``.
    """

    model_config = ConfigDict(frozen=True)

    run_id: str
    attempt: int
    index: int
    kind: str
    data: Any = None


class NodeStarted(BaseModel):
    """The `data` of a delta of the kind `NODE_STARTED`.

    Attributes:
        node: its name, of a subgraph's node such as ``research:search``.
        step: the super-step of the graph, the same as in the node's `NodeCompleted`.
    """

    model_config = ConfigDict(frozen=True)

    node: str
    step: int


class NodeEnded(NodeStarted):
    """The `data` of a delta of the kind `NODE_ENDED`; `update` is JSON, None where it wrote nothing."""

    update: Any = None


ATTEMPT_BITS: Final = 4
NUMBER_BITS: Final = 20


def frame_id(message_sequence: int, attempt: int, number: int) -> int:
    """One number for a frame, which grows along the log and is never given twice.

    Args:
        message_sequence: where the run's request is in the log.
        number: the frame's, within its attempt.
    """
    place = (min(attempt, (1 << ATTEMPT_BITS) - 1) << NUMBER_BITS) + number
    return (message_sequence << (ATTEMPT_BITS + NUMBER_BITS)) + place


def request_of(frame: int) -> int:
    """Where the request of the run that a frame belongs to is in the log."""
    return frame >> (ATTEMPT_BITS + NUMBER_BITS)
