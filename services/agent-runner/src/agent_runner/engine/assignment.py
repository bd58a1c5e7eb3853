"""What a run is to do."""

from dataclasses import dataclass
from typing import Any

from contracts.envelope import Recorded
from contracts.events import RunInterrupted, RunRequested


@dataclass(frozen=True, slots=True)
class Assignment:
    """What is to be done.

    Attributes:
        work: the message or answer.
        begins: where the conversation begins in the log.
        attempt: the number of this attempt.
        question: what the work answers, if a question was asked before it.
        spoken_since: where the message before it is in the log, if the conversation is spoken.
        outrun: another run has ended since the work was sent, so it may speak of a state that is gone.
    """

    work: Recorded
    graph_name: str
    begins: int
    attempt: int
    question: RunInterrupted | None
    spoken_since: int | None = None
    outrun: bool = False

    @property
    def facts(self) -> dict[str, Any]:
        """What all events of the run carry."""
        return {
            "run_id": self.work.id,
            "message_sequence": self.work.sequence,
            "attempt": self.attempt,
        }

    @property
    def request(self) -> RunRequested:
        """The work as a run with options, the default ones where its protocol has none."""
        event = self.work.event
        if isinstance(event, RunRequested):
            return event
        return RunRequested(addressee="", protocol=getattr(event, "protocol", ""), stream_modes=())
