"""Deltas: what clients see before the log has it. Numbered, so that a gap is seen and mended."""

from typing import Any, Final

from pydantic import BaseModel, ConfigDict

NODE_STARTED: Final = "node_started"
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
        step: the super-step, the same as in the node's `NodeCompleted`.
    """

    model_config = ConfigDict(frozen=True)

    node: str
    step: int
