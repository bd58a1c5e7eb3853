"""What a run is to do."""

from dataclasses import dataclass
from typing import Any, Final

from contracts.envelope import Recorded
from contracts.events import Question, RunRequested

ANYBODY: Final = "anonymous"
"""The user of a protocol that names none."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """What is to be done.

    Attributes:
        work: the message or answer.
        begins: where the conversation begins in the log.
        attempt: the number of this attempt.
        questions: those that the work may answer.
        spoken_since: where the message before it is in the log, if the conversation is spoken.
        user_id: who asks: the conversation's owner, or whom the protocol names.
        outrun: another run has ended since the work was sent, so it may speak of a state that is gone.
    """

    work: Recorded
    graph_name: str
    begins: int
    attempt: int
    questions: tuple[Question, ...] = ()
    spoken_since: int | None = None
    user_id: str = ANYBODY
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
    def known(self) -> dict[str, str]:
        """What the graph is told of its run."""
        return {
            "thread_id": self.work.conversation,
            "user_id": self.user_id,
            "run_id": self.work.id,
            "protocol": str(getattr(self.work.event, "protocol", "")),
        }

    @property
    def request(self) -> RunRequested:
        """The work as a run with options, the default ones where its protocol has none."""
        event = self.work.event
        if isinstance(event, RunRequested):
            return event
        return RunRequested(addressee="", protocol=getattr(event, "protocol", ""), stream_modes=())
