"""What is to be done for a run beside running it: to begin it later, and to tell somebody of its end."""

from typing import ClassVar

from contracts.events.base import Event
from contracts.events.request import RunRequested


class RunScheduled(Event):
    """A run was asked for that is to begin later.

    Attributes:
        run_id: the id of the request to come, and so of the run.
        request: what is asked for then; its `not_before` says when.
    """

    type: ClassVar[str] = "control.run_scheduled"

    run_id: str
    request: RunRequested

    def tokens(self, event_id: str) -> tuple[str, ...]:
        """The run, by which it is found."""
        return (self.run_id,)


class WebhookTried(Event):
    """A process is about to post the outcome of a run.

    Attributes:
        run_id: of the run.
        attempt: 1 for the first.
        again_at: RFC 3339; without an answer it is tried again then.
    """

    type: ClassVar[str] = "control.webhook_tried"

    run_id: str
    attempt: int
    again_at: str

    def tokens(self, event_id: str) -> tuple[str, ...]:
        """The run, by which the newest attempt is found."""
        return (self.run_id,)


class WebhookAnswered(Event):
    """The answer to the post, or why there was none.

    Attributes:
        run_id: of the run.
        attempt: which one was answered, 1 for the first.
        status: of the answer; None if there was none.
        problem: why it was not accepted; empty if it was.
        again_at: RFC 3339, when it is tried again; None if it is not.
    """

    type: ClassVar[str] = "control.webhook_answered"

    run_id: str
    attempt: int
    status: int | None = None
    problem: str = ""
    again_at: str | None = None
