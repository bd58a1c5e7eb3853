"""The composition root: everything the service is made of, put together here and nowhere else."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from faststream.asgi import AsgiFastStream
from faststream.specification import AsyncAPI

from chassis import server
from chassis.metrics import ProjectionMetrics
from chassis.settings import load
from contracts.envelope import Recorded
from contracts.events import GRAPH_STATE, REGISTERED, SHOWN, UPCASTERS
from contracts.registry import Registry
from eventlog import service
from eventlog.archived import ArchiveIndex
from eventlog.broker import Broker
from eventlog.jetstream import JetStreamLog
from eventlog.settings import NatsSettings
from eventlog.turns import dead_letters as dead
from history_store.handlers import router
from history_store.projection import Projection
from history_store.projector import Projector
from history_store.settings import HistorySettings
from history_store.store import Store

NAME = "history-store"


def build() -> tuple[AsgiFastStream, AbstractAsyncContextManager[None]]:
    """The application and the context in which it is started, from the environment.

    Raises:
        WrongSetting: if a setting does not fit.
    """
    nats, own = load(NatsSettings), load(HistorySettings)
    broker = Broker(nats, NAME)
    registry = Registry(REGISTERED, UPCASTERS, unread=(*GRAPH_STATE, *SHOWN))
    store = Store(own.url())
    metrics = ProjectionMetrics(broker.metrics.registry)

    async def give_up(event: Recorded, reason: str) -> None:
        letter = dead.DeadLetter(
            service=NAME,
            conversation=event.conversation,
            sequence=event.sequence,
            event_id=event.id,
            reason=reason,
        )
        await dead.put(broker, letter, timeout_seconds=nats.request_timeout)

    def log() -> JetStreamLog:
        return JetStreamLog(broker, registry, nats)

    def projector(stream: int) -> Projector:
        return Projector(
            log,
            store,
            give_up,
            metrics,
            outage_patience=own.outage_patience,
            ready_lag=own.ready_lag,
            archived=lambda: ArchiveIndex(broker.client, nats.request_timeout),
            stream=stream,
        )

    projection = Projection(log, projector, metrics)
    projecting: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        await service.connect(broker)
        await service.answer_pings(broker, NAME)
        await store.prepare(broker.streams)
        nonlocal projecting
        projecting = asyncio.create_task(projection.run())
        projecting.add_done_callback(_end_the_process)
        broker.interruptions.listen(projection.suspect)
        broker.metrics.before_reading(projection.measure)
        try:
            yield
            await projecting
        except asyncio.CancelledError:
            pass  # by `stop_projecting`
        finally:
            await store.close()

    def stop_projecting() -> None:
        """Before the broker stops, since the projector reads over its connection."""
        if projecting:
            projecting.cancel()

    broker.include_router(router(store, projection, query_wait=own.query_wait))
    app = AsgiFastStream(
        broker,
        lifespan=lifespan,
        on_shutdown=[stop_projecting],
        logger=None,
        asgi_routes=service.health_routes(broker, NAME, [projection.problem]),
        specification=AsyncAPI(title="Parley history-store", version="0.1.0"),
    )
    return app, server.started(app)


def _end_the_process(projecting: asyncio.Task[None]) -> None:
    """Drain and let the supervisor start anew: without its projector the service is of no use."""
    if not projecting.cancelled():
        signal.raise_signal(signal.SIGTERM)
