"""Messages that were given up, as dead letters."""

from contracts.envelope import Recorded
from eventlog.broker import Broker
from eventlog.dead import DeadLetter, bury


class DeadLetters:
    """A `worker.Undertaker` over the DEAD stream."""

    def __init__(self, broker: Broker, service: str, timeout_seconds: float) -> None:
        self._broker = broker
        self._service = service
        self._timeout = timeout_seconds

    async def bury(self, work: Recorded, reason: str) -> None:
        """See `worker.Undertaker.bury`."""
        letter = DeadLetter(
            service=self._service,
            conversation=work.conversation,
            sequence=work.sequence,
            event_id=work.id,
            reason=reason,
        )
        await bury(self._broker, letter, timeout_seconds=self._timeout)
