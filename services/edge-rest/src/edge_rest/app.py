"""The one place where edge-rest is put together."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import httpx
from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from starlette.routing import Route

from contracts.events import REGISTERED
from contracts.registry import Registry
from edge_rest import agent, docs, errors, health, octo, quote, room, sessions, voice
from edge_rest.questions import Questions
from edge_rest.settings import EdgeSettings
from edge_rest.talks import Talks
from eventlog import service
from eventlog.author import Author
from eventlog.broker import Broker
from eventlog.inbox import Inbox
from eventlog.jetstream import JetStreamLog
from eventlog.live import JetStreamLive
from eventlog.settings import NatsSettings, load
from identity.settings import IdentitySettings

SERVICE = "edge-rest"


def build() -> tuple[FastAPI, AbstractAsyncContextManager[object]]:
    """The application, and the context in which it works."""
    nats, settings, identity = load(NatsSettings), load(EdgeSettings), load(IdentitySettings)
    broker = Broker(nats, SERVICE)
    app = FastAPI(
        title="Parley", version="0.4.0", separate_input_output_schemas=False, docs_url=None, redoc_url=None
    )
    app.add_middleware(errors.BodyLimit, max_bytes=settings.max_body)
    app.add_middleware(quote.OpenToBrowsers)
    errors.install(app)
    for path, endpoint in service.health_routes(broker, SERVICE, (), CollectorRegistry()):
        app.router.routes.append(Route(path, endpoint))
    docs.install(app)
    app.include_router(health.router(broker, SERVICE, settings.needs))

    @asynccontextmanager
    async def started() -> AsyncIterator[None]:
        await service.connect(broker, nats)
        log = JetStreamLog(broker, Registry(REGISTERED), nats)
        questions = Questions(broker, settings.query_timeout)
        talk = octo.Talk(log, Inbox(log, Author(source=SERVICE)), questions, settings)
        app.include_router(agent.router(broker, log, settings))
        app.include_router(octo.router(talk))
        app.include_router(sessions.router(sessions.Sessions(log, questions)))
        app.include_router(room.router(log))
        talks = Talks(log, JetStreamLive(broker, nats), Inbox(log, Author(source=SERVICE)))
        app.include_router(quote.router(broker, talks, settings))
        async with httpx.AsyncClient(timeout=nats.request_timeout) as keys:
            app.include_router(voice.router(Inbox(log, Author(source=SERVICE)), identity.verifier(keys)))
            await broker.start()
            await service.answer_pings(broker, SERVICE)
            try:
                yield
            finally:
                await broker.stop()

    return app, started()
