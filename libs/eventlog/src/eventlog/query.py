"""Request/reply between services: one question, one answer, a clear failure."""

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from nats.errors import NoRespondersError
from pydantic import BaseModel
from pydantic_core import from_json

from chassis import conventions as names
from chassis.telemetry import TRACING, traceparent
from contracts import subjects
from contracts.queries import Failure
from eventlog.broker import Broker
from eventlog.outage import OUTAGE
from eventlog.ports import LogError, Unavailable
from eventlog.replies import whole
from eventlog.text import json_of

AnswerT = TypeVar("AnswerT", bound=BaseModel)


class Refused(LogError):
    """The answering service could not answer.

    Attributes:
        failure: why, as it said.
    """

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class Nobody(Unavailable):
    """No service takes the question: it does not run, or is being started."""


async def ask(
    broker: Broker, name: str, question: BaseModel, answer: type[AnswerT], *, timeout_seconds: float
) -> AnswerT:
    """Ask whoever answers the query `name`.

    Raises:
        Refused: if the answer is a `Failure`.
        Nobody: if there is nobody to answer.
        Unavailable: if nobody answers in time.
    """
    subject = subjects.query(name)
    try:
        with TRACING.span(f"ask {name}", "client", {names.MESSAGING_SYSTEM: names.NATS}):
            headers = {"traceparent": parent} if (parent := traceparent()) else None
            payload = json_of(question)
            reply = await whole(broker.client, subject, payload, headers, timeout_seconds=timeout_seconds)
    except NoRespondersError as error:
        raise Nobody(f"nobody answers {name}") from error
    except OUTAGE as error:
        raise Unavailable(f"{name}: {error or type(error).__name__}") from error
    result = from_json(reply)
    if "failure" in result:
        raise Refused(Failure.model_validate(result))
    return answer.model_validate(result)


class Remembered(Generic[AnswerT]):
    """The answer to a question that is asked again and again: the last one while nobody answers."""

    def __init__(self, asking: Callable[[], Awaitable[AnswerT]]) -> None:
        self._asking = asking
        self._last: AnswerT | None = None

    async def newest(self, fits: Callable[[AnswerT], bool] = lambda _: True) -> AnswerT:
        """Ask.

        Args:
            fits: whether the last answer will do; asked only where nobody answers.

        Raises:
            Unavailable: if nobody answers, and no answer that fits is known.
            Refused: as `ask`.
        """
        try:
            self._last = await self._asking()
        except Unavailable:
            if self._last is None or not fits(self._last):
                raise
        return self._last
