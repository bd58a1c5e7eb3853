"""What the service counts, for Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class Metrics:
    """One set of metrics in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.events = Counter(
            "parley_history_events", "Events projected by this replica.", registry=self.registry
        )
        self.dead = Counter(
            "parley_history_dead_events", "Events that could not be projected.", registry=self.registry
        )
        self.position = Gauge(
            "parley_history_position", "Last log sequence in the projection.", registry=self.registry
        )
        self.lag = Gauge(
            "parley_history_lag_events", "Log sequences not projected yet.", registry=self.registry
        )
