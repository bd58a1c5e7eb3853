"""How what a graph does reads to people, with defaults that fit any graph."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from agent_runner.engine.outputs.account import Account, account_of
from agent_runner.engine.steps import reply_of, steps_of
from contracts.events import Step


@dataclass(frozen=True, slots=True)
class Presentation:
    """What people read of a graph; each is pure.

    Attributes:
        steps: from a node's name and its state update to the steps that it shows.
        reply: from the values of a finished run to the text of the reply.
        account: from these values and the reply to what the output forms tell.
    """

    steps: Callable[[str, Any], tuple[Step, ...]] = steps_of
    reply: Callable[[Any], str] = reply_of
    account: Callable[[Any, str], Account] = account_of


PLAIN: Final = Presentation()
"""How a graph reads that says nothing of it."""
