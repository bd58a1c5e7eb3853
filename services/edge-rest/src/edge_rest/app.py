"""The one place where edge-rest is put together."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import httpx
from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from starlette.routing import Route

from contracts.events import REGISTERED
from contracts.registry import Registry
from edge_rest import agent, errors, health, voice
from edge_rest.settings import EdgeSettings
from eventlog import service
from eventlog.author import Author
from eventlog.broker import Broker
from eventlog.inbox import Inbox
from eventlog.jetstream import JetStreamLog
from eventlog.settings import NatsSettings, load
from identity.settings import IdentitySettings

SERVICE = "edge-rest"


def build() -> tuple[FastAPI, AbstractAsyncContextManager[object]]:
    """The application, and the context in which it works."""
    nats, settings, identity = load(NatsSettings), load(EdgeSettings), load(IdentitySettings)
    broker = Broker(nats, SERVICE)
    app = FastAPI(title="Parley", version="0.4.0", separate_input_output_schemas=False)
    app.add_middleware(errors.BodyLimit, max_bytes=settings.max_body)
    errors.install(app)
    for path, endpoint in service.health_routes(broker, SERVICE, (), CollectorRegistry()):
        app.router.routes.append(Route(path, endpoint))
    app.include_router(health.router(broker, SERVICE, settings.needs))

    @asynccontextmanager
    async def started() -> AsyncIterator[None]:
        await service.connect(broker, nats)
        log = JetStreamLog(broker, Registry(REGISTERED), nats)
        app.include_router(agent.router(broker, log, settings))
        async with httpx.AsyncClient(timeout=nats.request_timeout) as keys:
            app.include_router(voice.router(Inbox(log, Author(source=SERVICE)), identity.verifier(keys)))
            await broker.start()
            await service.answer_pings(broker, SERVICE)
            try:
                yield
            finally:
                await broker.stop()

    return app, started()
