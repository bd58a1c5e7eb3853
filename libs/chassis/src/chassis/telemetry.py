"""Traces, by the standard variables of OpenTelemetry; without them nothing is imported and nothing measured.

The only code that sets OpenTelemetry up. A span's place in its trace travels in the envelope of events
(`contracts.envelope.TRACEPARENT`) and in the headers of queries. `conventions` has the attributes' names.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final, Literal

from opentelemetry import context, propagate, trace
from opentelemetry.trace import Span, SpanKind, StatusCode

from chassis import conventions as names
from chassis.settings import WrongSetting
from contracts.envelope import Recorded

Kind = Literal["internal", "server", "client", "producer", "consumer"]
Attributes = Mapping[str, str | int | float | bool]

_ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_PROTOCOLS: Final = ("OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL")
_SPOKEN: Final = "http/protobuf"
_KINDS: Final[Mapping[Kind, SpanKind]] = {
    "internal": SpanKind.INTERNAL,
    "server": SpanKind.SERVER,
    "client": SpanKind.CLIENT,
    "producer": SpanKind.PRODUCER,
    "consumer": SpanKind.CONSUMER,
}
_NOTHING: Final = trace.INVALID_SPAN
_RECENT: Final = timedelta(minutes=5)
"""Older events are read to rebuild something; that is no part of their trace."""


def is_wanted(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether the standard variables ask for traces."""
    if environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    return environment.get("OTEL_TRACES_EXPORTER") != "none" and any(map(environment.get, _ENDPOINTS))


class Tracing:
    """Traces of one process; off until `start`."""

    def __init__(self) -> None:
        self.on = False
        self._provider: Any = None
        self._tracer: trace.Tracer = trace.NoOpTracer()

    def start(self, service: str) -> None:
        """Export from now on, if the environment asks for it.

        Raises:
            WrongSetting: if it asks for a protocol that is not spoken here.
        """
        if not is_wanted():
            return
        for name in _PROTOCOLS:
            if (protocol := os.environ.get(name, _SPOKEN)) != _SPOKEN:
                raise WrongSetting(f"{name}: {protocol} is not spoken here, only {_SPOKEN}")
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        resource = Resource.create(
            {"service.name": service, "service.namespace": "parley", "service.version": version_of(service)}
        )
        self._provider = TracerProvider(resource=resource)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("parley")
        self.on = True

    def stop(self) -> None:
        """Export what is left."""
        if self._provider:
            self._provider.shutdown()

    def begin(
        self,
        name: str,
        kind: Kind = "internal",
        attributes: Attributes | None = None,
        *,
        under: Span | str | None = None,
    ) -> Span:
        """A span that the caller ends; `under` is its parent, or that one's ``traceparent``."""
        if not self.on:
            return _NOTHING
        if isinstance(under, Span):
            parent: context.Context | None = trace.set_span_in_context(under)
        else:
            parent = _context(under) if under else None
        return self._tracer.start_span(name, parent, _KINDS[kind], attributes)

    @contextmanager
    def span(
        self,
        name: str,
        kind: Kind = "internal",
        attributes: Attributes | None = None,
        *,
        under: str | None = None,
    ) -> Iterator[Span]:
        """A span around the context, current in it; an exception marks it as failed and goes on."""
        if not self.on:
            yield _NOTHING
            return
        span = self.begin(name, kind, attributes, under=under)
        token = context.attach(trace.set_span_in_context(span))
        try:
            yield span
        except BaseException as error:
            fail(span, error)
            raise
        finally:
            context.detach(token)
            span.end()

    @contextmanager
    def handling(self, event: Recorded) -> Iterator[None]:
        """A consumer's span around what it does with an event, not made current; for generators."""
        if not self.on or event.traceparent is None or datetime.now(UTC) - event.occurred_at > _RECENT:
            yield
            return
        span = self.begin(f"process {event.event.type}", "consumer", of(event), under=event.traceparent)
        try:
            yield
        finally:
            span.end()


def version_of(service: str) -> str:
    """The version of a service's package as it is installed; of the chassis where it has none of its own."""
    try:
        return version(f"parley-{service}")
    except PackageNotFoundError:
        return version("parley-chassis")


def pseudonym(key: str) -> str:
    """A conversation as traces name it: always the same, and nobody can tell whose it is."""
    return sha256(key.encode()).hexdigest()[:16]


def fail(span: Span, error: BaseException) -> None:
    """Mark a span as failed by the kind of error; its text may hold what people have said."""
    span.set_status(StatusCode.ERROR)
    span.set_attribute(names.ERROR_TYPE, type(error).__name__)


def of(event: Recorded) -> dict[str, str | int]:
    """The attributes of an event that a consumer has received."""
    return {
        names.MESSAGING_SYSTEM: names.NATS,
        names.MESSAGING_OPERATION_NAME: "process",
        names.MESSAGING_OPERATION_TYPE: "process",
        names.MESSAGING_DESTINATION: "LOG",
        names.MESSAGING_MESSAGE_ID: event.id,
        names.MESSAGING_CONVERSATION: pseudonym(event.conversation),
        names.EVENT_TYPE: event.event.type,
    }


def traceparent() -> str | None:
    """The current place in the trace, for others to go on from; None if there is none."""
    if not trace.get_current_span().get_span_context().is_valid:
        return None
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    return carrier.get("traceparent")


def _context(parent: str) -> context.Context:
    return propagate.extract({"traceparent": parent}, context.Context())


TRACING: Final = Tracing()
"""Of this process."""
