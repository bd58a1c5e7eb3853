"""The one place where edge-ws is put together."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from starlette.applications import Starlette
from starlette.routing import Route

from access.edge import guarded
from access.settings import AccessSettings
from chassis.settings import load
from contracts.events import GRAPH_STATE, REGISTERED, UPCASTERS
from contracts.registry import Registry
from edge_ws import handlers
from edge_ws.agent import AgentEndpoint
from edge_ws.graphs import Graphs
from edge_ws.langgraph import LangGraphEndpoint
from edge_ws.octo import OctoEndpoint
from edge_ws.room import RoomEndpoint
from edge_ws.settings import EdgeSettings
from edge_ws.voice import VoiceEndpoint
from eventlog import service
from eventlog.author import Author
from eventlog.broker import Broker
from eventlog.jetstream import JetStreamLog
from eventlog.live import JetStreamLive
from eventlog.settings import NatsSettings
from eventlog.turns.inbox import Inbox
from identity.settings import IdentitySettings

SERVICE = "edge-ws"


def build() -> tuple[Starlette, AbstractAsyncContextManager[object]]:
    """The application, and the context in which it works."""
    nats, settings, access = load(NatsSettings), load(EdgeSettings), load(AccessSettings)
    identity = load(IdentitySettings)
    broker = Broker(nats, SERVICE)
    app = Starlette()
    for path, endpoint in service.health_routes(broker, SERVICE, ()):
        app.router.routes.append(Route(path, endpoint))

    @asynccontextmanager
    async def started() -> AsyncIterator[None]:
        await service.connect(broker)
        stream = JetStreamLog(broker, Registry(REGISTERED, UPCASTERS, unread=GRAPH_STATE), nats)
        async with identity.verifier(nats.request_timeout) as verifier:
            log = await guarded(app, access, verifier, broker, stream)
            author, live = Author(source=SERVICE), JetStreamLive(broker, nats)
            inbox = Inbox(log, author, queued=access.queued_per_conversation)
            graphs = Graphs(broker, nats.request_timeout)
            app.router.routes += handlers.routes(
                AgentEndpoint(log, inbox, graphs, settings),
                OctoEndpoint(log, live, inbox, graphs, settings),
                RoomEndpoint(log, live, inbox, graphs, settings),
                VoiceEndpoint(broker, log, author, verifier, graphs, settings),
                LangGraphEndpoint(broker, log, live, inbox, settings),
            )
            await broker.start()
            await service.answer_pings(broker, SERVICE)
            try:
                yield
            finally:
                await broker.stop()

    return app, started()
