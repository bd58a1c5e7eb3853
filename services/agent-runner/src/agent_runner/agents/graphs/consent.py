"""What an answer to the question about a plan's step says: a yes, a no, a recognised change, or none. Pure.

`engine.consent` tells a yes from a no; `changes` recognises a change.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from agent_runner.agents.graphs.changes import Change, change_of, plain_request
from agent_runner.engine.consent import LONGEST, is_open, verdict

Verdict: TypeAlias = Literal["yes", "no", "change", "unclear"]


@dataclass(frozen=True, slots=True)
class Reading:
    """What an answer says.

    Attributes:
        change: the step's new arguments; only with ``change``.
        open: whether somebody who understands more than words may still find a yes in it: there is
            no question, doubt or refusal in it.
    """

    verdict: Verdict
    change: Change | None = None
    open: bool = False


def read(answer: Any, step: Mapping[str, Any]) -> Reading:
    """What a person's answer to the question about `step` says; it may be any JSON.

    A step is a plan's: its ``tool`` and ``arguments`` count.
    """
    if isinstance(answer, bool):
        return Reading("yes" if answer else "no")
    if not isinstance(answer, str) or len(answer) > LONGEST:
        return Reading("unclear")
    answer, tool = unicodedata.normalize("NFC", answer).strip(), str(step["tool"])
    decided = verdict(answer, tool)
    if decided:
        return Reading("yes")
    request = plain_request(answer)
    if is_open(request, tool) and (change := change_of(request, step)):
        return Reading("change", replace(change, exact=change.exact and request == answer))
    return Reading("unclear" if decided is None else "no", open=is_open(answer, tool))
