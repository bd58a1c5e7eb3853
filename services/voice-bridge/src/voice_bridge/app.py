"""The one place where voice-bridge is put together."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from uuid import uuid4

from faststream.asgi import AsgiFastStream
from prometheus_client import Gauge

from chassis import server
from chassis.settings import load
from contracts.events import GRAPH_STATE, REGISTERED, UPCASTERS
from contracts.registry import Registry
from eventlog import service
from eventlog.author import Author
from eventlog.broker import Broker
from eventlog.jetstream import JetStreamLog
from eventlog.live import JetStreamLive
from eventlog.payloads import Payloads
from eventlog.settings import NatsSettings
from eventlog.turns.inbox import Inbox
from voice_bridge.adapters import AgentCommands, AgentTools
from voice_bridge.engines.local import local_engine
from voice_bridge.handlers import SERVICE, router
from voice_bridge.metrics import Metrics
from voice_bridge.ports import Engine
from voice_bridge.sessions import Sessions
from voice_bridge.settings import BridgeSettings


def build() -> tuple[AsgiFastStream, AbstractAsyncContextManager[object]]:
    """The application, and the context in which it works."""
    nats, settings = load(NatsSettings), load(BridgeSettings)
    broker = Broker(nats, SERVICE)
    app = AsgiFastStream(broker, asgi_routes=service.health_routes(broker, SERVICE, ()))

    @asynccontextmanager
    async def started() -> AsyncIterator[None]:
        await service.connect(broker)
        log = JetStreamLog(broker, Registry(REGISTERED, UPCASTERS, unread=GRAPH_STATE), nats)
        metrics = Metrics(broker.metrics.registry)
        engine = make_engine(settings, broker, metrics, nats.request_timeout)
        replica = uuid4().hex
        sessions = Sessions(
            replica,
            broker,
            log,
            JetStreamLive(broker, nats),
            Inbox(log, Author(source=SERVICE)),
            engine,
            AgentTools(broker, nats.request_timeout, settings.reply_timeout),
            Payloads(broker.client, nats.request_timeout).keep if settings.keep_audio else None,
            metrics,
            settings,
        )
        held = Gauge(
            "parley_voice_sessions", "Voice sessions held by this replica", registry=broker.metrics.registry
        )
        held.set_function(lambda: sessions.count)
        broker.include_router(router(sessions, replica))
        async with server.started(app):
            await service.answer_pings(broker, SERVICE)
            try:
                yield
            finally:
                await sessions.drain()
        await engine.close()

    return app, started()


def make_engine(settings: BridgeSettings, broker: Broker, metrics: Metrics, timeout_seconds: float) -> Engine:
    """The engine that is configured, with what is installed for it."""
    if settings.voice == "local":
        commands = AgentCommands(broker, timeout_seconds)
        return local_engine(commands, settings.detection(), settings.voice_ears, settings.voice_mouth)
    # 17 MB that the local engine has no use for.
    import openai

    from voice_bridge.engines.cascade import CascadeEngine
    from voice_bridge.engines.realtime.engine import RealtimeEngine
    from voice_bridge.engines.realtime.model import Limits

    client = openai.AsyncOpenAI(
        api_key=settings.voice_key.get_secret_value() or None,
        base_url=settings.voice_url or None,
        timeout=settings.reply_timeout,
    )
    if settings.voice == "cascade":
        return CascadeEngine(
            client,
            transcription_model=settings.transcription_model,
            transcription_language=settings.transcription_language,
            speech_model=settings.speech_model,
            vad=settings.detection(),
        )
    return RealtimeEngine(
        client,
        settings.realtime(),
        metrics.unread,
        vad=settings.detection(),
        limits=Limits(answer=settings.reply_timeout),
    )
