"""What reaches quote-engine over NATS: messages that were addressed to it."""

from faststream.nats import NatsRouter

from eventlog import work
from eventlog.deliveries import Deliveries
from eventlog.jetstream import JetStreamLog

SERVICE = "quote-engine"


def router(log: JetStreamLog, deliveries: Deliveries, *, takeover_after: float) -> NatsRouter:
    """The subscriber, wired to what it needs."""
    routes = NatsRouter()
    work.subscribe(routes, SERVICE, log, deliveries.take, takeover_after=takeover_after)
    return routes
