"""The projection as a whole: a projector for each stream of the log."""

import asyncio
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Protocol

from chassis.metrics import ProjectionMetrics
from eventlog.ports import Log
from eventlog.sharding import stream_at
from history_store.projector import Behind, Projector


class Reaching(Protocol):
    """A `Projection`, or the `Projector` of a log of one stream."""

    async def reached(self, sequence: int, *, timeout_seconds: float) -> None:
        """Wait until the store has a stream up to `sequence`. Raises `Behind` if it has not in time."""
        ...


class Projection:
    """Keeps one store up to date."""

    def __init__(
        self, log: Callable[[], Log], projector: Callable[[int], Projector], metrics: ProjectionMetrics
    ) -> None:
        """`log` gives the log once the broker is connected, `projector` makes that of a stream."""
        self._log = log
        self._projector = projector
        self._metrics = metrics

    async def run(self) -> None:
        """Project for ever. Raises as `Projector.run`."""
        try:
            async with asyncio.TaskGroup() as tasks:
                for projector in self._projectors:
                    tasks.create_task(projector.run())
        except ExceptionGroup as problems:
            raise problems.exceptions[0] from None

    async def reached(self, sequence: int, *, timeout_seconds: float) -> None:
        """Wait until the store has a stream up to `sequence`, and everything of each that is being filled.

        Raises:
            Behind: if it has not in time.
        """
        stream = stream_at(sequence)
        if stream >= len(self._projectors):
            raise Behind(f"the log has no stream that {sequence} could be of")
        for number, projector in enumerate(self._projectors):
            wanted = sequence if number == stream else 0
            await projector.reached(wanted, timeout_seconds=timeout_seconds)

    async def measure(self) -> None:
        """Let the metrics say how many sequences of the log are not in the store yet.

        Raises:
            LogError: if the log does not answer.
        """
        self._metrics.lag.set(sum(await asyncio.gather(*(each.lag() for each in self._projectors))))

    async def problem(self) -> str | None:
        """Why the tables do not hold what the log does, or None."""
        problems = await asyncio.gather(*(each.problem() for each in self._projectors))
        return next((problem for problem in problems if problem), None)

    def suspect(self) -> None:
        """Look at once whether tables and log still belong together."""
        for projector in self._projectors:
            projector.suspect()

    @cached_property
    def _projectors(self) -> Sequence[Projector]:
        return [self._projector(stream) for stream in range(self._log().streams)]
