"""The agent protocol: ``{"type":"client"}`` in, ``agent_step`` … ``message_end`` out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json

from contracts.envelope import Recorded
from contracts.events import NodeCompleted, RunCancelled, RunCompleted, RunFailed, RunInterrupted, StepKind
from protocols.agent.wire import STEP_TYPES, AgentError, AgentStep, ClientMessage, Frame, MessageEnd


class NotUnderstood(ValueError):
    """A frame that is not a client message.

    Attributes:
        message_id: the frame's own id, where it has a usable one.
    """

    def __init__(self, reason: str, message_id: str | None = None) -> None:
        super().__init__(reason)
        self.message_id = message_id


def decode(text: str) -> ClientMessage:
    """The message in a frame.

    Raises:
        NotUnderstood: with a reason that names the field.
    """
    try:
        frame = from_json(text)
    except ValueError as error:
        raise NotUnderstood(f"the frame is not JSON: {error}") from None
    if not isinstance(frame, dict):
        raise NotUnderstood("the frame must be a JSON object")
    try:
        return ClientMessage.model_validate(frame)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(map(str, first["loc"]))
        raise NotUnderstood(f"{field}: {first['msg']}", _id_of(frame)) from None


def _id_of(frame: Mapping[str, Any]) -> str | None:
    message_id = frame.get("message_id")
    return message_id if isinstance(message_id, str) else None


@dataclass(slots=True)
class Answer:
    """The answer to one message, as far as it has been sent.

    Attributes:
        repeats: how often the message was sent again meanwhile, each to be answered alike.
        answered: a final answer was among the steps.
    """

    chat_id: str
    message_id: str
    repeats: int = 0
    answered: bool = False
    ended: bool = False

    def encode(self, recorded: Recorded) -> Iterator[Frame]:
        """The frames that an event of the message's run stands for."""
        match recorded.event:
            case NodeCompleted(steps=steps):
                for step in steps:
                    yield self._step(step.kind, step.text)
            case RunCompleted(text=text):
                if not self.answered:
                    yield self._step("final_answer", text)
                yield self._end()
            case RunInterrupted(questions=questions):
                for asked in questions:
                    yield self._step("final_answer", asked.question)
                yield self._end()
            case RunFailed(error=error):
                yield self._error(error)
            case RunCancelled():
                yield self._error("the run was cancelled")

    def _step(self, kind: StepKind, text: str) -> AgentStep:
        self.answered = self.answered or kind == "final_answer"
        return AgentStep(
            step_type=STEP_TYPES[kind], message=text, message_id=self.message_id, chat_id=self.chat_id
        )

    def _end(self) -> MessageEnd:
        self.ended = True
        return MessageEnd(message_id=self.message_id, chat_id=self.chat_id)

    def _error(self, reason: str) -> AgentError:
        self.ended = True
        return AgentError(error=reason, chat_id=self.chat_id, message_id=self.message_id)
