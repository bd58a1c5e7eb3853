"""What other services ask of the store, which embeds and appends for them; and how it asks history-store."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from faststream import ExceptionMiddleware
from faststream.nats import NatsRouter
from langgraph.store.base import Item, SearchItem
from pydantic import BaseModel

from agent_runner.engine.memory.owning import for_client
from agent_runner.engine.memory.store import LogStore
from chassis.backoff import delays
from contracts import queries, subjects
from contracts.queries import (
    Failure,
    ItemFound,
    Items,
    Namespaces,
    StoreChanged,
    StoreDelete,
    StoredItem,
    StoreGet,
    StoreNamespaces,
    StorePut,
    StoreSearch,
)
from eventlog.broker import Broker
from eventlog.ports import LogError, Unavailable
from eventlog.query import Refused, ask

QUEUE: Final = "agent-runner"
CONCURRENT: Final = 32
ASK_SECONDS: Final = 10.0
PATIENCE_SECONDS: Final = 30.0
"""How long history-store may be away, or behind, before a read of the store fails."""

AnswerT = TypeVar("AnswerT", bound=BaseModel)


def patient(broker: Broker) -> Callable[[str, BaseModel, type[Any]], Awaitable[Any]]:
    """Asks history-store, again where it is away or behind.

    Raises, when called:
        ValueError: if the question does not fit.
        LogError: if there is no answer in time.
    """

    async def answered(name: str, question: BaseModel, answer: type[AnswerT]) -> AnswerT:
        clock = asyncio.get_running_loop().time
        until = clock() + PATIENCE_SECONDS
        for delay in delays():
            try:
                return await ask(broker, name, question, answer, timeout_seconds=ASK_SECONDS)
            except Refused as refused:
                if refused.failure.failure == "invalid":
                    raise ValueError(f"store: {refused.failure.message}") from None
                if clock() > until:
                    raise
            except Unavailable:
                if clock() > until:
                    raise
            await asyncio.sleep(delay)
        raise AssertionError("delays have no end")

    return answered


def router(store: LogStore) -> NatsRouter:
    """A subscriber for each question; replicas share them."""
    failures = ExceptionMiddleware(
        publish_handlers={LogError: _unavailable, ValueError: _unfit, TypeError: _unfit}
    )
    routes = NatsRouter(middlewares=[failures])

    @routes.subscriber(subjects.query(queries.STORE_PUT), queue=QUEUE, max_workers=CONCURRENT)
    async def put_item(question: StorePut) -> StoreChanged:
        """Stores an item."""
        index = list(question.index) if isinstance(question.index, tuple) else question.index
        more = {} if question.ttl is None else {"ttl": question.ttl}
        with for_client(question.caller):
            await store.aput(question.namespace, question.key, question.value, index, **more)
        return StoreChanged()

    @routes.subscriber(subjects.query(queries.STORE_DELETE), queue=QUEUE, max_workers=CONCURRENT)
    async def delete_item(question: StoreDelete) -> StoreChanged:
        """Deletes an item."""
        await store.adelete(question.namespace, question.key)
        return StoreChanged()

    @routes.subscriber(subjects.query(queries.STORE_GET), queue=QUEUE, max_workers=CONCURRENT)
    async def get_item(question: StoreGet) -> ItemFound:
        """Finds an item."""
        item = await store.aget(question.namespace, question.key, refresh_ttl=question.refresh_ttl)
        return ItemFound(item=_told(item) if item else None)

    @routes.subscriber(subjects.query(queries.STORE_SEARCH), queue=QUEUE, max_workers=CONCURRENT)
    async def search_items(question: StoreSearch) -> Items:
        """Searches items."""
        with for_client(question.caller):
            found = await store.asearch(
                question.prefix,
                query=question.query,
                filter=question.filter,
                limit=question.limit,
                offset=question.offset,
                refresh_ttl=question.refresh_ttl,
            )
        return Items(items=tuple(map(_told, found)))

    @routes.subscriber(subjects.query(queries.STORE_NAMESPACES), queue=QUEUE, max_workers=CONCURRENT)
    async def store_namespaces(question: StoreNamespaces) -> Namespaces:
        """Lists namespaces."""
        with for_client(question.caller):
            found = await store.alist_namespaces(
                prefix=question.prefix or None,
                suffix=question.suffix or None,
                max_depth=question.max_depth,
                limit=question.limit,
                offset=question.offset,
            )
        return Namespaces(namespaces=tuple(found))

    return routes


def _told(item: Item | SearchItem) -> StoredItem:
    return StoredItem.model_validate(item.dict())


def _unavailable(error: Exception) -> Failure:
    return Failure(failure="internal", message=f"{error}" or type(error).__name__)


def _unfit(error: Exception) -> Failure:
    return Failure(failure="invalid", message=f"{error}" or type(error).__name__)
