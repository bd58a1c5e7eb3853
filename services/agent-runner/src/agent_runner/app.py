"""The one place where agent-runner is put together."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from faststream.asgi import AsgiFastStream

from agent_runner.agents import offering
from agent_runner.agents.documents import LogDocuments
from agent_runner.agents.graphs import Agents
from agent_runner.agents.models import others, usable
from agent_runner.agents.tools.contacts import Contacts
from agent_runner.agents.tools.folder import DataFolder
from agent_runner.engine import graph_views, thread_states
from agent_runner.engine import state_queries as state
from agent_runner.engine.catalogue import InvalidGraph, Served, catalogue
from agent_runner.engine.checkpointer import LogCheckpointSaver
from agent_runner.engine.effects import call_with_effects
from agent_runner.engine.exits import keep_running
from agent_runner.engine.kept_models import keep_model_calls
from agent_runner.engine.loading import named_in
from agent_runner.engine.memory import LogStore, answering, index_of
from agent_runner.engine.streaming.naming import name_messages
from agent_runner.engine.worker import Worker
from agent_runner.handlers import SERVICE, router
from agent_runner.settings import RunnerSettings
from chassis.settings import load
from contracts.events import REGISTERED, UPCASTERS
from contracts.registry import Registry
from eventlog import service
from eventlog.author import Author
from eventlog.broker import Broker
from eventlog.jetstream import JetStreamLog
from eventlog.live import JetStreamLive
from eventlog.settings import NatsSettings
from eventlog.turns.dead_letters import DeadLetters
from eventlog.turns.deliveries import Deliveries
from eventlog.turns.inbox import Inbox
from eventlog.turns.work import WorkQueue

logger = logging.getLogger(__name__)


def check_names(graphs: Mapping[str, Served], settings: RunnerSettings) -> None:
    """Raises `InvalidGraph` if a setting names a graph that is not served."""
    for setting in ("default_graph", "octo_graph", "agent_graph", "room_graph", "voice_graph"):
        if (name := getattr(settings, setting)) not in graphs:
            known = ", ".join(sorted(graphs))
            raise InvalidGraph(f"PARLEY_{setting.upper()}: there is no graph {name!r}, only {known}")


def build() -> tuple[AsgiFastStream, AbstractAsyncContextManager[object]]:
    """The application, and the context in which it works."""
    nats, settings = load(NatsSettings), load(RunnerSettings)
    broker = Broker(nats, SERVICE)
    app = AsgiFastStream(broker, asgi_routes=service.health_routes(broker, SERVICE, ()))

    @asynccontextmanager
    async def started() -> AsyncIterator[None]:
        keep_running(asyncio.get_running_loop())
        await service.connect(broker)
        log = JetStreamLog(broker, Registry(REGISTERED, UPCASTERS), nats)
        author = Author(source=SERVICE)
        saver = LogCheckpointSaver(log, author)
        model, found = await usable(settings)
        further, more = await others(settings)
        agents = Agents(settings, model, further)
        tools = await agents.tools(LogDocuments())
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(settings.graph_threads, "graph"))
        named = named_in(settings.graphs, Path.cwd())
        graphs = await catalogue(agents.graphs(tools, call_with_effects), named)
        check_names(graphs, settings)
        logger.info("%s", "; ".join([found, *more]))  # not before: a service that cannot start says one line
        store = LogStore(
            log,
            author,
            answering.patient(broker),
            index=index_of(settings.store_embedding, named.store.get("index"), named.folder),
            ttl=named.store.get("ttl"),
        )
        keep_model_calls()
        name_messages()
        letters = DeadLetters(broker, log, author, nats.request_timeout)
        worker = Worker(
            log,
            JetStreamLive(broker, nats),
            author,
            saver,
            {name: graph.on(saver, store) for name, graph in graphs.items()},
            letters,
            settings,
        )
        deliveries = Deliveries(
            worker, letters, takeover_after=settings.takeover_after, places=settings.concurrent_runs
        )
        contacts = Contacts(DataFolder(settings.tools_dir))
        broker.include_router(router(worker, graphs, settings, contacts))
        committed = LogCheckpointSaver(log, author)
        readable = {name: graph.on(committed, store) for name, graph in graphs.items()}
        broker.include_router(
            state.router(state.States(log, author, committed, readable, settings.default_graph))
        )
        reader = thread_states.ThreadReader(
            log,
            author,
            Inbox(log, author),
            committed,
            readable,
            settings.default_graph,
            show_errors=settings.show_errors,
        )
        broker.include_router(thread_states.router(reader))
        broker.include_router(answering.router(store))
        broker.include_router(
            graph_views.router(readable, settings.default_graph, show_errors=settings.show_errors)
        )
        offer = offering.Offer(log, author, tools, timeout_seconds=settings.run_timeout)
        broker.include_router(offering.router(offer, settings.concurrent_runs))
        async with deliveries.working(app, broker, SERVICE, WorkQueue(broker, log, SERVICE)):
            yield

    return app, started()
