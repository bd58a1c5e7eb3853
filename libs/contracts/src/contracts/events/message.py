"""What people say to a conversation."""

from collections.abc import Collection
from typing import Any, ClassVar, Literal

from contracts.events.base import Event, Work

OutputFormat = Literal["chat", "graph", "report"]


class MessageReceived(Work):
    """A user's message was accepted. The event's id is also the id of the run that answers it.

    Attributes:
        text: what was said.
        protocol: the wire protocol it came by.
        message_id: the client's own id for it, where its protocol has one.
        user_id: who said it, without proof of identity.
        output_format: how the result is to be presented; None for the reply as it is.
        on_busy: what to do when a run is in progress.
    """

    type: ClassVar[str] = "message.received"

    text: str
    protocol: str
    message_id: str | None = None
    user_id: str | None = None
    output_format: OutputFormat | None = None
    on_busy: Literal["enqueue", "reject", "interrupt", "rollback"] = "enqueue"

    @property
    def repeatable(self) -> bool:
        """Only what has a client's own id can be told to be the same."""
        return self.message_id is not None


class AnswerReceived(Work):
    """A person answered the question an interrupted run ended with; exactly one of `approve` and
    `response` is set. Like a message, it is answered by a run of its own.

    Attributes:
        interrupt_id: the question, so that a late answer cannot answer a later one.
        protocol: the wire protocol it came by.
        approve: yes or no.
        response: any JSON but null. Until version 1 it was text. An object whose keys are all ids of open
            questions answers each of them.
        output_format: that of the message whose run asked.
    """

    type: ClassVar[str] = "message.answered"
    version: ClassVar[int] = 2

    interrupt_id: str
    protocol: str
    approve: bool | None = None
    response: Any = None
    output_format: OutputFormat | None = None

    @property
    def said(self) -> Any:
        """The answer: a boolean, text or any other JSON."""
        return self.approve if self.response is None else self.response

    def answers(self, open_ids: Collection[str]) -> dict[str, Any]:
        """What it says to each question of those that are open, by id."""
        said = self.said
        if isinstance(said, dict) and said and all(key in open_ids for key in said):
            return said
        return {self.interrupt_id: said}


class CancelRequested(Event):
    """A person asked for a run to stop.

    Attributes:
        run_id: the run to cancel.
        rollback: also take back what the turn did to the state.
    """

    type: ClassVar[str] = "control.cancel_requested"

    run_id: str
    rollback: bool = False
