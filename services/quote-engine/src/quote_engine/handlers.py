"""What reaches quote-engine over NATS: messages that were addressed to it."""

from faststream.nats import NatsRouter

from eventlog.jetstream import JetStreamLog
from eventlog.turns import work
from eventlog.turns.deliveries import Deliveries

SERVICE = "quote-engine"


def router(log: JetStreamLog, deliveries: Deliveries, *, takeover_after: float) -> NatsRouter:
    """The subscriber, wired to what it needs."""
    routes = NatsRouter()
    work.subscribe(routes, SERVICE, log, deliveries.take, takeover_after=takeover_after)
    return routes
