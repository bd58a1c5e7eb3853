"""The one place where quote-engine is put together."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from faststream.asgi import AsgiFastStream

from chassis.settings import WrongSetting, load
from contracts.events import GRAPH_STATE, REGISTERED, UPCASTERS
from contracts.registry import Registry
from eventlog import service
from eventlog.author import Author
from eventlog.broker import Broker
from eventlog.jetstream import JetStreamLog
from eventlog.live import JetStreamLive
from eventlog.settings import NatsSettings
from eventlog.turns.dead_letters import DeadLetters
from eventlog.turns.deliveries import Deliveries
from eventlog.turns.work import WorkQueue
from quote_engine.adapters.chat_model import ChatModelListener
from quote_engine.adapters.history import HistoryMemory
from quote_engine.adapters.trained import TrainedReader
from quote_engine.collection import load_collection
from quote_engine.domain.quotation import CollectionError, Quotation
from quote_engine.settings import QuoteSettings
from quote_engine.worker import Worker

SERVICE = "quote-engine"


def build() -> tuple[AsgiFastStream, AbstractAsyncContextManager[object]]:
    """The application, and the context in which it works.

    Raises:
        WrongSetting: if a setting or the collection does not fit.
    """
    nats, settings = load(NatsSettings), load(QuoteSettings)
    quotations = _quotations(settings)
    listener = None
    if settings.model:
        key = settings.model_key.get_secret_value()
        listener = ChatModelListener.of(settings.model, settings.model_url, key)
    broker = Broker(nats, SERVICE)
    app = AsgiFastStream(broker, asgi_routes=service.health_routes(broker, SERVICE, ()))

    @asynccontextmanager
    async def started() -> AsyncIterator[None]:
        await service.connect(broker)
        if listener is not None:
            await listener.check()
        log = JetStreamLog(broker, Registry(REGISTERED, UPCASTERS, unread=GRAPH_STATE), nats)
        author = Author(source=SERVICE)
        letters = DeadLetters(broker, log, author, nats.request_timeout)
        worker = Worker(
            log,
            JetStreamLive(broker, nats),
            author,
            quotations,
            HistoryMemory(broker, log, settings.history_patience),
            TrainedReader.of(settings.trained_reader),
            listener,
            letters,
            settings,
        )
        deliveries = Deliveries(
            worker, letters, takeover_after=settings.takeover_after, places=settings.concurrent_replies
        )
        async with deliveries.working(app, broker, SERVICE, WorkQueue(broker, log, SERVICE)):
            yield

    return app, started()


def _quotations(settings: QuoteSettings) -> tuple[Quotation, ...]:
    try:
        return load_collection(settings.quotations)
    except CollectionError as error:
        raise WrongSetting(f"PARLEY_QUOTATIONS: {error}") from error
