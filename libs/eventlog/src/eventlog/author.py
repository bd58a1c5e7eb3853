"""Whoever appends: puts ids and times on events, from an injected clock and id source."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from chassis import telemetry
from contracts.envelope import Envelope
from contracts.events import Event

_NAMESPACE = uuid5(NAMESPACE_URL, "urn:parley:event")


def _now() -> datetime:
    return datetime.now(UTC)


def derived_id(*parts: str) -> str:
    """The same UUID for the same parts, always; for events that may be sent more than once."""
    return str(uuid5(_NAMESPACE, "\0".join(parts)))


@dataclass(frozen=True, slots=True)
class Author:
    """Makes envelopes in the name of one service.

    Attributes:
        source: the service's name.
        now: aware UTC time.
        new_id: a UUID never given before.
    """

    source: str
    now: Callable[[], datetime] = _now
    new_id: Callable[[], UUID] = uuid4

    def envelope(
        self,
        conversation: str,
        event: Event,
        *,
        event_id: str | None = None,
        correlation_id: str | None = None,
        causation_id: str | None = None,
    ) -> Envelope:
        """An envelope around `event`; without `event_id` it gets a new one."""
        identity = event_id or str(self.new_id())
        return Envelope(
            id=identity,
            conversation=conversation,
            event=event,
            occurred_at=self.now(),
            source=self.source,
            correlation_id=correlation_id or identity,
            causation_id=causation_id,
            traceparent=telemetry.traceparent(),
        )
