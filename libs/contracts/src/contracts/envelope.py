"""The envelope of an event: CloudEvents 1.0 attributes as headers around a JSON payload.

Source: CloudEvents 1.0 NATS protocol binding, binary content mode; the `traceparent` extension.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from contracts.events.base import Event

ID: Final = "ce-id"
TYPE: Final = "ce-type"
VERSION: Final = "ce-dataversion"
SOURCE: Final = "ce-source"
TIME: Final = "ce-time"
CORRELATION: Final = "ce-correlationid"
CAUSATION: Final = "ce-causationid"
TRACEPARENT: Final = "ce-traceparent"
SPEC_VERSION: Final = "ce-specversion"
PAYLOAD_REFERENCE: Final = "ce-dataref"
PAYLOAD_DIGEST: Final = "ce-datadigest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """One event with who, when and why.

    Attributes:
        id: unique for ever; also the message id JetStream removes duplicates by.
        conversation: the conversation key.
        occurred_at: aware UTC time, set by whoever appends.
        correlation_id: id of the event that began the turn.
        causation_id: id of the event this one reacts to, if any.
        source: the service that appended it.
        traceparent: W3C trace context, if tracing is on.
    """

    id: str
    conversation: str
    event: Event
    occurred_at: datetime
    source: str
    correlation_id: str | None = None
    causation_id: str | None = None
    traceparent: str | None = None

    def headers(self) -> dict[str, str]:
        """The CloudEvents attributes; optional ones are left out when empty."""
        headers = {
            SPEC_VERSION: "1.0",
            ID: self.id,
            TYPE: self.event.type,
            VERSION: str(self.event.version),
            SOURCE: self.source,
            TIME: format_time(self.occurred_at),
        }
        optional = {
            CORRELATION: self.correlation_id,
            CAUSATION: self.causation_id,
            TRACEPARENT: self.traceparent,
        }
        return headers | {name: value for name, value in optional.items() if value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded(Envelope):
    """An event as the log holds it.

    Attributes:
        sequence: its position in the log, unique over all conversations.
        previous: the position of the event before it in the same conversation, 0 for the first;
            a reader that knows `previous` has missed nothing.
        restored: it stood elsewhere before, and was brought here with its conversation.
    """

    sequence: int
    previous: int
    restored: bool = False


def format_time(moment: datetime) -> str:
    """RFC 3339 in UTC with microseconds, such as ``2025-11-03T10:00:00.000000Z``."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def parse_time(text: str) -> datetime:
    """The inverse of `format_time`."""
    return datetime.fromisoformat(text)


def required(headers: Mapping[str, str], name: str) -> str:
    """A header's value.

    Raises:
        ValueError: if the header is missing.
    """
    try:
        return headers[name]
    except KeyError:
        raise ValueError(f"event without a {name} header") from None
