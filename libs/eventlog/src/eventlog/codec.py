"""Events to NATS messages and back."""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from nats.js.api import Header
from pydantic import ValidationError
from pydantic_core import from_json

from contracts import envelope as attributes
from contracts import subjects
from contracts.envelope import Envelope, Recorded, parse_time, required
from contracts.events import Event, Unread, Unrecognized
from contracts.registry import Registry, UnknownEvent
from eventlog.author import derived_id
from eventlog.places import RESTORED, absolute
from eventlog.ports import LogError
from eventlog.text import json_of

logger = logging.getLogger(__name__)

PREVIOUS: Final = "parley-previous"
"""Sequence of the event before this one in its conversation. The later messages of a batch have none:
theirs is the sequence before their own."""

_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""When something happened that does not say when."""

STREAM: Final = "Nats-Stream"
SEQUENCE: Final = "Nats-Sequence"
SUBJECT: Final = "Nats-Subject"


def subject_of(envelope: Envelope) -> str:
    """Where an event is published."""
    tokens = envelope.event.tokens(envelope.id)
    return subjects.event(envelope.conversation, envelope.event.type, *tokens)


def encode(envelope: Envelope) -> tuple[str, dict[str, str], bytes]:
    """An event's subject, headers and payload."""
    headers = envelope.headers()
    headers[Header.MSG_ID] = envelope.id
    return subject_of(envelope), headers, json_of(envelope.event, exclude_defaults=True)


def is_same(found: Envelope, own: Envelope) -> bool:
    """Whether an event in the log is one's own, by its id and by what it says."""
    return found.id == own.id and _said(found) == _said(own)


def _said(envelope: Envelope) -> tuple[str, bytes]:
    return envelope.event.type, json_of(envelope.event, exclude_defaults=True)


def recorded(envelope: Envelope, sequence: int, previous: int) -> Recorded:
    """The envelope with its place in the log."""
    return Recorded(
        id=envelope.id,
        conversation=envelope.conversation,
        event=envelope.event,
        occurred_at=envelope.occurred_at,
        source=envelope.source,
        correlation_id=envelope.correlation_id,
        causation_id=envelope.causation_id,
        traceparent=envelope.traceparent,
        sequence=sequence,
        previous=previous,
    )


def decode(
    registry: Registry,
    subject: str,
    sequence: int,
    headers: Mapping[str, str],
    payload: bytes | LogError,
) -> Recorded:
    """An event as stored. What this release cannot read comes back as `Unrecognized`, even if it is no
    event at all, and what the reader has no use for as `Unread`.

    Args:
        payload: the event's, or why it is lost.
    """
    try:
        return _decode(registry, subject, sequence, headers, payload)
    except (ValueError, IndexError) as error:
        return unreadable(subject, sequence, error)


def _decode(
    registry: Registry,
    subject: str,
    sequence: int,
    headers: Mapping[str, str],
    payload: bytes | LogError,
) -> Recorded:
    event_type = required(headers, attributes.TYPE)
    if not subjects.is_of(subject, event_type):
        raise ValueError(f"its subject is not one of {event_type}")
    if event_type in registry.unread:
        event: Event = Unread.model_construct(name=event_type)
    else:
        event = _event(registry, event_type, sequence, headers, payload)
    previous = headers.get(PREVIOUS)
    return Recorded(
        id=required(headers, attributes.ID),
        conversation=subjects.key_of(subject),
        event=event,
        occurred_at=parse_time(required(headers, attributes.TIME)),
        source=required(headers, attributes.SOURCE),
        correlation_id=headers.get(attributes.CORRELATION),
        causation_id=headers.get(attributes.CAUSATION),
        traceparent=headers.get(attributes.TRACEPARENT),
        sequence=sequence,
        previous=sequence - 1 if previous is None else int(previous),
        restored=RESTORED in headers,
    )


def _event(
    registry: Registry, event_type: str, sequence: int, headers: Mapping[str, str], payload: bytes | LogError
) -> Event:
    version = int(required(headers, attributes.VERSION))
    if isinstance(payload, LogError):
        logger.warning("cannot read event %d (%s v%d): %s", sequence, event_type, version, payload)
        return Unrecognized(name=event_type, data_version=version, reason=str(payload), damaged=True)
    try:
        said = absolute(headers, event_type, from_json(payload), sequence)
        return registry.decode(event_type, version, said)
    except (UnknownEvent, ValidationError, ValueError) as error:
        reason = _described(error)
        logger.warning("cannot read event %d (%s v%d): %s", sequence, event_type, version, reason)
        return Unrecognized(name=event_type, data_version=version, reason=reason)


def unreadable(subject: str, sequence: int, error: Exception) -> Recorded:
    """What stands in for a message that is no event, or whose payload is lost."""
    logger.warning("cannot read event %d on %s: %s", sequence, subject, error)
    return Recorded(
        id=derived_id(subject, str(sequence)),
        conversation=_key_of(subject),
        event=Unrecognized(name=subject, data_version=0, reason=_described(error), damaged=True),
        occurred_at=_LONG_AGO,
        source="",
        sequence=sequence,
        previous=sequence - 1,
    )


def _key_of(subject: str) -> str:
    """The conversation of a subject, none if it is not how a subject is written."""
    try:
        return subjects.key_of(subject)
    except (ValueError, IndexError):
        return ""


def _described(error: Exception) -> str:
    """The error without the event's contents, which are nobody's business in a log file."""
    if not isinstance(error, ValidationError):
        return str(error)
    return "; ".join(
        f"{'.'.join(map(str, detail['loc']))}: {detail['msg']}"
        for detail in error.errors(include_input=False)
    )
