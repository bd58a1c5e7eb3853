"""What people say to a conversation."""

from typing import ClassVar, Literal

from contracts.events.base import Work


class MessageReceived(Work):
    """A user's message was accepted. The event's id is also the id of the run that answers it.

    Attributes:
        message_id: the client's own id for it, where its protocol has one.
        user_id: who said it, without proof of identity.
        protocol: the wire protocol it came by.
        output_format: how octo wants the result presented.
        on_busy: what to do when a run is in progress.
    """

    type: ClassVar[str] = "message.received"

    text: str
    protocol: str
    message_id: str | None = None
    user_id: str | None = None
    output_format: Literal["chat", "graph", "report"] = "chat"
    on_busy: Literal["enqueue", "reject", "interrupt", "rollback"] = "enqueue"


class AnswerReceived(Work):
    """A person answered the question of an interrupted run; exactly one of the two fields is set."""

    type: ClassVar[str] = "message.answered"

    run_id: str
    interrupt_id: str
    approve: bool | None = None
    response: str | None = None


class CancelRequested(Work):
    """A person asked for a run to stop."""

    type: ClassVar[str] = "message.cancelled"

    run_id: str
    rollback: bool = False
