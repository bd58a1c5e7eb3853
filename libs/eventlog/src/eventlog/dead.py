"""Dead letters: what could not be handled after its last delivery, with the reason and where it came from."""

from pydantic import BaseModel, ConfigDict

from contracts import subjects
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
