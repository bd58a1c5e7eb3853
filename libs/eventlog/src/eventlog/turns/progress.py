"""Whose turn it is in a conversation. Pure: facts in, decision out.

Messages are answered in the order of the log. A run's events name the position of the message they
answer, so the newest one tells how far the conversation has come.
"""

from dataclasses import dataclass
from enum import Enum, auto

from contracts.envelope import Recorded
from contracts.events import ENDS, AnswerReceived, Question, RunEvent, open_after


class Turn(Enum):
    """What to do with a message."""

    MINE = auto()
    WAIT = auto()
    """An earlier message has not been answered yet."""
    DONE = auto()
    """Answered already, or its conversation was deleted."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a conversation has come.

    Attributes:
        start: its `ConversationStarted`, None if it was deleted.
        newest_run: the newest event of any run in it, if any.
        newest_question: the newest event in it that left questions open, answered or not, if any.
    """

    start: Recorded | None
    newest_run: Recorded | None
    newest_question: Recorded | None = None

    @property
    def begins(self) -> int:
        """Where this life of the conversation begins in the log."""
        return self.start.sequence if self.start else 0

    @property
    def answered(self) -> int:
        """Every message up to this sequence has been dealt with."""
        if self.start is None:
            return 0
        run = self._run
        if run is None:
            return self.begins - 1
        return run.message_sequence if isinstance(run, ENDS) else run.message_sequence - 1

    def questions_for(self, work: Recorded) -> tuple[Question, ...]:
        """The questions that `work` may answer: open when its turn comes, and for a message, asked before it
        was sent; an answer names its question.

        An earlier attempt at `work` changes nothing about that.
        """
        asked, run = self.newest_question, self._run
        if asked is None or run is None or not self.begins < asked.sequence:
            return ()
        if not isinstance(work.event, AnswerReceived) and asked.sequence > work.sequence:
            return ()
        question = asked.event
        if not isinstance(question, RunEvent):
            return ()
        is_open = run.message_sequence in (question.message_sequence, work.sequence)
        return open_after(question) if is_open else ()

    def turn(self, work: Recorded, next_work: Recorded | None) -> Turn:
        """`next_work` is the oldest message behind `answered`."""
        if self.start is None or work.sequence < self.start.sequence or work.sequence <= self.answered:
            return Turn.DONE
        if next_work is None or next_work.sequence >= work.sequence:
            return Turn.MINE
        return Turn.WAIT

    def attempt(self, work: Recorded) -> int:
        """The number of the next attempt at answering `work`."""
        run = self._run
        return run.attempt + 1 if run and run.message_sequence == work.sequence else 1

    @property
    def _run(self) -> RunEvent | None:
        """The newest run event of this life of the conversation."""
        if self.start is None or self.newest_run is None or self.newest_run.sequence < self.start.sequence:
            return None
        return self.newest_run.event if isinstance(self.newest_run.event, RunEvent) else None
