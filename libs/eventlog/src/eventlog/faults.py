"""Crashes on order, for tests: a process dies before or after the n-th append to the log.

Nothing of this is in force unless ``PARLEY_FAULTS`` names a folder. All services that are given the same
folder count their appends together in its file ``count``; its file ``plan`` says at which of them who dies.
"""

import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

from contracts.envelope import Envelope, Recorded
from eventlog.appending import Appender

VARIABLE: Final = "PARLEY_FAULTS"
MYSELF: Final = 0
"""Stands for the process that appends, in place of a process id."""


def arm(folder: Path) -> None:
    """Let every append of this process look into the plan."""
    append = Appender.append

    async def crashing(self: Appender, envelopes: Sequence[Envelope], expected: int) -> tuple[Recorded, ...]:
        number = _count(folder / "count")
        _carry_out(folder / "plan", number, "before")
        recorded = await append(self, envelopes, expected)
        _carry_out(folder / "plan", number, "after")
        return recorded

    Appender.append = crashing  # type: ignore[method-assign]  # the only seam that all services share


def _count(file: Path) -> int:
    """How many appends there have been, this one included; whole whoever counts at the same time."""
    with file.open("ab") as counted:
        counted.write(b".")
        counted.flush()
        return counted.tell()


def _carry_out(plan: Path, number: int, when: Literal["before", "after"]) -> None:
    try:
        planned, moment, victim = plan.read_text().split()
    except FileNotFoundError:
        return
    if int(planned) == number and moment == when:
        plan.unlink()
        os.kill(int(victim) or os.getpid(), signal.SIGKILL)
