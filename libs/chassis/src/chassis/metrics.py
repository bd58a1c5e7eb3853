"""Every metric of every service, by name; the dashboard and the alerts are written against these.

A broker has one set (`Metrics`), which the log, the live deltas and dead letters count in by themselves;
an edge adds `EdgeMetrics` and a projection `ProjectionMetrics` to the same registry.
"""

import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from contracts.envelope import Recorded
from contracts.events import ENDS, Event, RunStarted
from contracts.live import Delta

logger = logging.getLogger(__name__)

FAST: Final = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
SLOW: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
MEASURED_RUNS: Final = 10_000
TEXT: Final = frozenset({"token", "content", "on_chat_model_stream"})
"""The kinds of deltas that hold a piece of the reply."""

MODEL_CALLS: Final = Counter(
    "parley_model_calls", "Calls of chat models, by how they ended.", ["outcome"], registry=None
)
MODEL_FIRST_TOKEN_SECONDS: Final = Histogram(
    "parley_model_first_token_seconds",
    "From a call of a chat model to the first piece of its answer.",
    buckets=SLOW,
    registry=None,
)
"""Of this process, since LangChain's callbacks know of nothing else."""


@contextmanager
def model_call() -> Iterator[None]:
    """Count a call of a chat model whose answer comes whole."""
    began = time.monotonic()
    try:
        yield
    except BaseException:  # one that nobody waits for any more has failed too
        MODEL_CALLS.labels("failed").inc()
        raise
    MODEL_CALLS.labels("answered").inc()
    MODEL_FIRST_TOKEN_SECONDS.observe(time.monotonic() - began)


Refresh = Callable[[], Awaitable[None]]


class Metrics:
    """What every service that has a broker counts."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        for of_process in (MODEL_CALLS, MODEL_FIRST_TOKEN_SECONDS):
            registry.register(of_process)
        self._refreshes: list[Refresh] = []
        self.info = Gauge("parley_service_info", "Always 1.", ["service", "version"], registry=registry)
        self.ready = Gauge("parley_ready", "Whether this replica can do its work.", registry=registry)
        self.live = Gauge("parley_live_deltas", "Whether clients get live deltas.", registry=registry)
        self._running: OrderedDict[str, float] = OrderedDict()
        self._silent: set[str] = set()
        self.append_seconds = Histogram(
            "parley_append_seconds", "From an append to its confirmation.", buckets=FAST, registry=registry
        )
        self.conflicts = Counter(
            "parley_append_conflicts", "Appends refused since somebody else came first.", registry=registry
        )
        self.dead_letters = Counter(
            "parley_dead_letters", "Events that this service gave up on.", registry=registry
        )
        self.turns = Counter(
            "parley_turns", "Runs that ended, by how they ended.", ["outcome"], registry=registry
        )
        for end in ENDS:  # shown as 0 before the first
            self.turns.labels(_outcome(end))
        self.run_seconds = Histogram(
            "parley_run_seconds", "From the start of a run to its end.", buckets=SLOW, registry=registry
        )
        self.first_token_seconds = Histogram(
            "parley_first_token_seconds",
            "From the start of a run to the first piece of its reply.",
            buckets=SLOW,
            registry=registry,
        )
        self.takeovers = Counter(
            "parley_takeovers", "Runs taken over from another process.", registry=registry
        )
        self.delta_lag_seconds = Histogram(
            "parley_delta_lag_seconds",
            "From the sending of a live delta to its receipt, by the clocks of both.",
            buckets=FAST,
            registry=registry,
        )
        self.queue_depth = Gauge(
            "parley_queue_depth",
            "Messages that wait, as far as this replica knows: the two that follow together.",
            ["responder"],
            registry=registry,
        )
        self.queue_pending = Gauge(
            "parley_queue_pending",
            "Messages that no replica has fetched; every replica tells the same.",
            ["responder"],
            registry=registry,
        )
        self.queue_behind = Gauge(
            "parley_queue_behind",
            "Messages that wait behind an earlier one of their conversation in this replica.",
            ["responder"],
            registry=registry,
        )
        self.queue_held = Gauge(
            "parley_queue_held",
            "Messages that replicas hold until they are answered; every replica tells the same.",
            ["responder"],
            registry=registry,
        )

    def before_reading(self, refresh: Refresh) -> None:
        """Call `refresh` whenever the metrics are read, for what has to be asked."""
        self._refreshes.append(refresh)

    async def exposition(self) -> bytes:
        """All metrics as Prometheus reads them; what cannot be asked keeps its last value."""
        for refresh in self._refreshes:
            try:
                await refresh()
            except Exception as error:  # noqa: BLE001 - one that cannot be read must not hide the others
                logger.warning("a metric could not be read: %s", error)
        return generate_latest(self.registry)

    def appended(self, events: Sequence[Recorded]) -> None:
        """Count what the log has taken from this process."""
        for recorded in events:
            event = recorded.event
            if isinstance(event, RunStarted):
                self._running[event.run_id] = time.monotonic()
                self._silent.add(event.run_id)
                if event.attempt > 1:
                    self.takeovers.inc()
                if len(self._running) > MEASURED_RUNS:
                    self._silent.discard(self._running.popitem(last=False)[0])
            elif isinstance(event, ENDS):
                self.turns.labels(_outcome(event)).inc()
                if (began := self._running.pop(event.run_id, None)) is None:
                    continue
                seconds = time.monotonic() - began
                self.run_seconds.observe(seconds)
                if event.run_id in self._silent:  # the reply came whole
                    self._silent.discard(event.run_id)
                    self.first_token_seconds.observe(seconds)

    def sent(self, delta: Delta) -> None:
        """Count a live delta that this process sends."""
        if delta.run_id in self._silent and delta.kind in TEXT:
            self._silent.discard(delta.run_id)
            self.first_token_seconds.observe(time.monotonic() - self._running[delta.run_id])


class EdgeMetrics:
    """What an edge counts beside."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.connections = Gauge(
            "parley_open_connections", "WebSockets and requests now.", ["protocol", "kind"], registry=registry
        )
        self.refused = Counter(
            "parley_refused", "Requests and connections refused at the edge.", ["code"], registry=registry
        )
        self.requests = Counter(
            "parley_requests",
            "HTTP requests answered, by the class of their status.",
            ["protocol", "status"],
            registry=registry,
        )
        self.request_seconds = Histogram(
            "parley_request_seconds",
            "From a request to the beginning of its answer.",
            ["protocol"],
            buckets=SLOW,
            registry=registry,
        )

    @contextmanager
    def open(self, protocol: str, kind: str) -> Iterator[None]:
        """A connection as long as the context lasts."""
        gauge = self.connections.labels(protocol, kind)
        gauge.inc()
        try:
            yield
        finally:
            gauge.dec()

    def answered(self, protocol: str, status: int, seconds: float) -> None:
        """Count a request whose answer has begun."""
        self.requests.labels(protocol, f"{status // 100}xx").inc()
        self.request_seconds.labels(protocol).observe(seconds)


class StreamMetrics:
    """How full the streams are; counted by whoever keeps them."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.bytes = Gauge("parley_stream_bytes", "Bytes that a stream holds.", ["stream"], registry=registry)
        self.limit = Gauge(
            "parley_stream_limit_bytes", "Bytes that a stream may hold.", ["stream"], registry=registry
        )
        self.messages = Gauge(
            "parley_stream_messages", "Messages that a stream holds.", ["stream"], registry=registry
        )


class ProjectionMetrics:
    """What a projection counts beside."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.events = Counter("parley_history_events", "Events projected by this replica.", registry=registry)
        self.dead = Counter(
            "parley_history_dead_events", "Events that could not be projected.", registry=registry
        )
        self.position = Gauge(
            "parley_history_position", "Last log sequence in the projection.", registry=registry
        )
        self.lag = Gauge("parley_history_lag_events", "Log sequences not projected yet.", registry=registry)


def _outcome(end: Event | type[Event]) -> str:
    """How a run ended, by the type of the event."""
    return end.type.removeprefix("run.")
