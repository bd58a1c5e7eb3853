"""The queries as FastStream subscribers; replicas share the questions."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from faststream import ExceptionMiddleware
from faststream.nats import NatsRouter
from pydantic import BaseModel, ValidationError
from sqlalchemy.exc import SQLAlchemyError

from contracts import queries, subjects
from contracts.queries import (
    Failure,
    History,
    HistoryQuery,
    ItemFound,
    ItemQuery,
    Items,
    ItemsQuery,
    Messages,
    MessagesQuery,
    Namespaces,
    NamespacesQuery,
    Query,
    Quotations,
    QuotationsQuery,
    Runs,
    RunsQuery,
    SessionFound,
    SessionQuery,
    Sessions,
    SessionsQuery,
    Threads,
    ThreadsQuery,
)
from history_store.answers import Answers
from history_store.memory import Memory
from history_store.projector import Behind, Projector
from history_store.threads import ThreadAnswers

QUEUE: Final = "history-store"
CONCURRENT_ANSWERS: Final = 32

QueryT = TypeVar("QueryT", bound=Query)
AnswerT = TypeVar("AnswerT", bound=BaseModel)


async def invalid(error: ValidationError) -> Failure:
    """The question does not fit its model."""
    wrong = (f"{'.'.join(map(str, detail['loc']))}: {detail['msg']}" for detail in error.errors())
    return Failure(failure="invalid", message="; ".join(wrong))


async def unfit(error: ValueError) -> Failure:
    """The question asks for something that there is not."""
    return Failure(failure="invalid", message=str(error))


async def behind(error: Behind) -> Failure:
    """The projection did not reach what the question asked for."""
    return Failure(failure="behind", message=str(error))


async def internal(error: Exception) -> Failure:
    """The database did not answer."""
    return Failure(failure="internal", message=f"the database does not answer: {type(error).__name__}")


def router(
    answers: Answers, threads: ThreadAnswers, memory: Memory, projector: Projector, *, query_wait: float
) -> NatsRouter:
    """A router with a subscriber for each query; `query_wait` in seconds."""
    failures = ExceptionMiddleware(
        publish_handlers={
            ValidationError: invalid,
            ValueError: unfit,
            Behind: behind,
            SQLAlchemyError: internal,
            OSError: internal,
            TimeoutError: internal,
        }
    )
    routes = NatsRouter(middlewares=[failures])

    async def current(query: QueryT, answer: Callable[[QueryT], Awaitable[AnswerT]]) -> AnswerT:
        await projector.reached(query.at_least, timeout_seconds=query_wait)
        return await answer(query)

    @routes.subscriber(subjects.query(queries.SESSIONS), queue=QUEUE, max_workers=CONCURRENT_ANSWERS)
    async def list_sessions(query: SessionsQuery) -> Sessions:
        """Lists conversations."""
        return await current(query, answers.sessions)

    @routes.subscriber(subjects.query(queries.SESSION), queue=QUEUE, max_workers=CONCURRENT_ANSWERS)
    async def find_session(query: SessionQuery) -> SessionFound:
        """Finds one conversation."""
        return await current(query, answers.session)

    @routes.subscriber(subjects.query(queries.MESSAGES), queue=QUEUE, max_workers=CONCURRENT_ANSWERS)
    async def newest_messages(query: MessagesQuery) -> Messages:
        """Gives the newest messages of a conversation."""
        return await current(query, answers.messages)

    @routes.subscriber(subjects.query(queries.HISTORY), queue=QUEUE, max_workers=CONCURRENT_ANSWERS)
    async def read_history(query: HistoryQuery) -> History:
        """Gives the history of a conversation, page by page."""
        return await current(query, answers.history)

    @routes.subscriber(subjects.query(queries.QUOTATIONS), queue=QUEUE, max_workers=CONCURRENT_ANSWERS)
    async def last_quotations(query: QuotationsQuery) -> Quotations:
        """Tells which quotations a user was given last."""
        return await current(query, answers.quotations)

    @routes.subscriber(subjects.query(queries.THREADS), queue=QUEUE, max_workers=CONCURRENT_ANSWERS)
    async def search_threads(query: ThreadsQuery) -> Threads:
        """Lists conversations as threads."""
        return await current(query, threads.threads)

    @routes.subscriber(subjects.query(queries.RUNS), queue=QUEUE, max_workers=CONCURRENT_ANSWERS)
    async def list_runs(query: RunsQuery) -> Runs:
        """Lists the runs of a conversation."""
        return await current(query, threads.runs)

    @routes.subscriber(subjects.query(queries.ITEM), queue=QUEUE, max_workers=CONCURRENT_ANSWERS)
    async def find_item(query: ItemQuery) -> ItemFound:
        """Finds one item of the store."""
        return await current(query, memory.item)

    @routes.subscriber(subjects.query(queries.ITEMS), queue=QUEUE, max_workers=CONCURRENT_ANSWERS)
    async def search_items(query: ItemsQuery) -> Items:
        """Searches the store."""
        return await current(query, memory.items)

    @routes.subscriber(subjects.query(queries.NAMESPACES), queue=QUEUE, max_workers=CONCURRENT_ANSWERS)
    async def list_namespaces(query: NamespacesQuery) -> Namespaces:
        """Lists the namespaces of the store."""
        return await current(query, memory.namespaces)

    return routes
