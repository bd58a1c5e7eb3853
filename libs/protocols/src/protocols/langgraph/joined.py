"""A thread as Server-Sent Events: its runs one after the other, each as it was asked for. Pure."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

from contracts.envelope import Recorded
from contracts.events import RunRequested, RunStarted
from protocols.langgraph.stream import END, Framed, RunStream, Sent, text_of

ThreadStreamMode = Literal["run_modes", "lifecycle", "state_update"]

BOUNDARY: Final = "metadata"
"""What a run begins and ends with."""


@dataclass(slots=True)
class JoinedThread:
    """The runs of a thread for one client, behind each that it is done.

    Attributes:
        modes: ``run_modes`` is all that the runs show, ``lifecycle`` their beginnings and ends; there is
            nothing for ``state_update``, as in LangGraph's own server.
        after: the id of the last event that the client has.
    """

    modes: Collection[ThreadStreamMode]
    after: int = -1
    _runs: dict[str, RunStream] = field(default_factory=dict)

    def knows(self, run_id: str) -> bool:
        """Whether a run is one that goes on."""
        return run_id in self._runs

    def begin(self, started: RunStarted, request: RunRequested | None) -> None:
        """Show a run from now on; without a request it was asked for by another protocol."""
        modes = request.stream_modes if request else None
        self._runs[started.run_id] = RunStream(
            started.run_id, started.message_sequence, request, modes, self.after
        )

    def feed(self, item: Framed | Recorded) -> Iterator[Sent]:
        """The events that an item of the conversation stands for."""
        run_id = getattr(item.event, "run_id", None) if isinstance(item, Recorded) else item.run_id
        run = self._runs.get(run_id or "")
        if run is None:
            return
        for sent in run.feed(item):
            shown = self._done(sent, run) if (sent.event, sent.data) == END else sent
            if "run_modes" in self.modes or ("lifecycle" in self.modes and shown.event == BOUNDARY):
                yield shown
        if run.end is not None:
            del self._runs[run.run_id]

    def _done(self, end: Sent, run: RunStream) -> Sent:
        return Sent(end.id, BOUNDARY, text_of({"status": "run_done", "run_id": run.run_id}))
