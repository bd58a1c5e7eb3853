"""The one place where edge-ws is put together."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import FastAPI, WebSocket
from starlette.routing import Route

from access.edge import guarded
from access.settings import AccessSettings
from contracts.events import REGISTERED
from contracts.registry import Registry
from edge_ws.agent import AgentEndpoint
from edge_ws.settings import EdgeSettings
from eventlog import service
from eventlog.author import Author
from eventlog.broker import Broker
from eventlog.inbox import Inbox
from eventlog.jetstream import JetStreamLog
from eventlog.settings import NatsSettings, load

SERVICE = "edge-ws"


def build() -> tuple[FastAPI, AbstractAsyncContextManager[object]]:
    """The application, and the context in which it works."""
    nats, settings, access = load(NatsSettings), load(EdgeSettings), load(AccessSettings)
    broker = Broker(nats, SERVICE)
    app = FastAPI(openapi_url=None)
    for path, endpoint in service.health_routes(broker, SERVICE, ()):
        app.router.routes.append(Route(path, endpoint))

    @asynccontextmanager
    async def started() -> AsyncIterator[None]:
        await service.connect(broker, nats)
        stream = JetStreamLog(broker, Registry(REGISTERED), nats)
        async with guarded(app, access, broker, stream) as log:
            agent = AgentEndpoint(log, Inbox(log, Author(source=SERVICE)), settings)

            @app.websocket("/chat/{chat_id:path}")
            async def chat(socket: WebSocket, chat_id: str) -> None:
                await agent.serve(socket, chat_id)

            await broker.start()
            await service.answer_pings(broker, SERVICE)
            try:
                yield
            finally:
                await broker.stop()

    return app, started()
