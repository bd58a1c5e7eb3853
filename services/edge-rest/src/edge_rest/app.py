"""The one place where edge-rest is put together."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import FastAPI
from starlette.routing import Route

from access.edge import guarded
from access.settings import AccessSettings
from chassis.settings import load
from contracts.events import GRAPH_STATE, REGISTERED, UPCASTERS
from contracts.registry import Registry
from edge_rest import console, docs, errors, forms, guide, handlers, health, mcp, system
from edge_rest.hour import Hour
from edge_rest.langgraph import Runner
from edge_rest.questions import Questions
from edge_rest.settings import EdgeSettings
from eventlog import service
from eventlog.author import Author
from eventlog.broker import Broker
from eventlog.jetstream import JetStreamLog
from eventlog.live import JetStreamLive
from eventlog.settings import NatsSettings
from eventlog.turns.dead_letters import DeadLetterQueue
from eventlog.turns.inbox import Inbox
from identity.settings import IdentitySettings

SERVICE = "edge-rest"


def build() -> tuple[FastAPI, AbstractAsyncContextManager[object]]:
    """The application, and the context in which it works."""
    nats, settings, access = load(NatsSettings), load(EdgeSettings), load(AccessSettings)
    identity = load(IdentitySettings)
    broker = Broker(nats, SERVICE)
    app = FastAPI(
        title="Parley", version="0.4.0", separate_input_output_schemas=False, docs_url=None, redoc_url=None
    )
    app.add_middleware(errors.BodyLimit, max_bytes=settings.max_body)
    app.add_middleware(forms.RelativeRedirects)
    app.add_middleware(forms.Head)
    errors.install(app)
    for path, endpoint in service.health_routes(broker, SERVICE, ()):
        app.router.routes.append(Route(path, endpoint))
    docs.install(app)
    console.install(app)
    guide.install(app)
    app.include_router(health.router(broker, SERVICE, settings.needs))

    @asynccontextmanager
    async def started() -> AsyncIterator[None]:
        await service.connect(broker)
        stream = JetStreamLog(broker, Registry(REGISTERED, UPCASTERS, unread=GRAPH_STATE), nats)
        async with identity.verifier(nats.request_timeout) as verifier:
            log = await guarded(app, access, verifier, broker, stream)
            inbox = Inbox(log, Author(source=SERVICE), queued=access.queued_per_conversation)
            live = JetStreamLive(broker, nats)
            questions = Questions(broker, settings.query_timeout)
            runner = Runner.of(log, live, inbox, questions, settings)
            hour, letters = Hour(), DeadLetterQueue(broker, nats, SERVICE)
            for router in handlers.routers(
                broker, SERVICE, log, live, runner, verifier, settings, hour, letters
            ):
                app.include_router(router)
            tools = mcp.Endpoint(runner)
            app.router.routes.append(Route(mcp.PATH, tools, methods=["GET", "POST", "DELETE"]))
            await broker.start()
            await service.answer_pings(broker, SERVICE)
            try:
                async with tools.working(), system.watching(broker, hour), runner.errandry.working(broker):
                    yield
            finally:
                await broker.stop()

    return app, started()
