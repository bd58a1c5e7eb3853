"""What a run is to do."""

from dataclasses import dataclass
from typing import Any

from contracts.envelope import Recorded
from contracts.events import RunInterrupted


@dataclass(frozen=True, slots=True)
class Assignment:
    """What is to be done.

    Attributes:
        work: the message or answer.
        begins: where the conversation begins in the log.
        attempt: the number of this attempt.
        question: what the work answers, if a question was asked before it.
        spoken_since: where the message before it is in the log, if the conversation is spoken.
    """

    work: Recorded
    graph_name: str
    begins: int
    attempt: int
    question: RunInterrupted | None
    spoken_since: int | None = None

    @property
    def facts(self) -> dict[str, Any]:
        """What all events of the run carry."""
        return {
            "run_id": self.work.id,
            "message_sequence": self.work.sequence,
            "attempt": self.attempt,
        }
