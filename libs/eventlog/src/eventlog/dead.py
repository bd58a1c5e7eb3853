"""Dead letters: what could not be handled after its last delivery, with the reason and where it came from."""

from pydantic import BaseModel, ConfigDict

from contracts import subjects
from contracts.envelope import Recorded
from eventlog.broker import Broker


class DeadLetter(BaseModel):
    """One event that a service gave up on.

    Attributes:
        sequence: the event's position in the log, where it still is.
    """

    model_config = ConfigDict(frozen=True)

    service: str
    conversation: str
    sequence: int
    event_id: str
    reason: str


async def bury(broker: Broker, letter: DeadLetter, *, timeout_seconds: float) -> None:
    """Put a letter into DEAD and wait until it is stored; the same letter twice is stored once.

    Raises:
        nats.errors.Error: if it could not be stored.
    """
    await broker.client.jetstream().publish(
        subjects.dead(letter.service, letter.conversation),
        letter.model_dump_json().encode(),
        timeout=timeout_seconds,
        headers={"Nats-Msg-Id": f"{letter.service}:{letter.event_id}"},
    )
    broker.metrics.dead_letters.inc()


class DeadLetters:
    """Takes the messages that one service gives up."""

    def __init__(self, broker: Broker, service: str, timeout_seconds: float) -> None:
        self._broker = broker
        self._service = service
        self._timeout = timeout_seconds

    async def bury(self, work: Recorded, reason: str) -> None:
        """Keep the message as a dead letter. Raises as `bury`."""
        letter = DeadLetter(
            service=self._service,
            conversation=work.conversation,
            sequence=work.sequence,
            event_id=work.id,
            reason=reason,
        )
        await bury(self._broker, letter, timeout_seconds=self._timeout)
