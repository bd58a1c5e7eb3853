"""The one place where edge-rest is put together."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import FastAPI
from starlette.routing import Route

from access.edge import guarded
from access.settings import AccessSettings
from contracts.events import REGISTERED
from contracts.registry import Registry
from edge_rest import agent, errors, health
from edge_rest.settings import EdgeSettings
from eventlog import service
from eventlog.broker import Broker
from eventlog.jetstream import JetStreamLog
from eventlog.settings import NatsSettings, load

SERVICE = "edge-rest"


def build() -> tuple[FastAPI, AbstractAsyncContextManager[object]]:
    """The application, and the context in which it works."""
    nats, settings, access = load(NatsSettings), load(EdgeSettings), load(AccessSettings)
    broker = Broker(nats, SERVICE)
    app = FastAPI(title="Parley", version="0.4.0", separate_input_output_schemas=False)
    app.add_middleware(errors.BodyLimit, max_bytes=settings.max_body)
    errors.install(app)
    for path, endpoint in service.health_routes(broker, SERVICE, ()):
        app.router.routes.append(Route(path, endpoint))
    app.include_router(health.router(broker, SERVICE, settings.needs))

    @asynccontextmanager
    async def started() -> AsyncIterator[None]:
        await service.connect(broker, nats)
        stream = JetStreamLog(broker, Registry(REGISTERED), nats)
        async with guarded(app, access, broker, stream) as log:
            app.include_router(agent.router(broker, log, settings))
            await broker.start()
            await service.answer_pings(broker, SERVICE)
            try:
                yield
            finally:
                await broker.stop()

    return app, started()
