"""The queries as FastStream subscribers; replicas share the questions."""

from collections.abc import Awaitable, Callable, Mapping
from inspect import getdoc
from typing import Any, Final, get_type_hints

from faststream import ExceptionMiddleware
from faststream.nats import NatsRouter
from pydantic import BaseModel, ValidationError
from sqlalchemy.exc import SQLAlchemyError

from contracts import queries, subjects
from contracts.queries import Failure, Query
from history_store.answers import Answers
from history_store.lists import AssistantAnswers, ErrandAnswers
from history_store.memory import Memory
from history_store.projection import Reaching
from history_store.projector import Behind
from history_store.store import Store
from history_store.threads import ThreadAnswers

QUEUE: Final = "history-store"
CONCURRENT_ANSWERS: Final = 32

Answering = Callable[[Any], Awaitable[BaseModel]]
"""Takes one kind of `Query`."""


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


def router(store: Store, projector: Reaching, *, query_wait: float) -> NatsRouter:
    """A router with a subscriber for each query; `query_wait` in seconds."""
    answers, threads, memory = Answers(store), ThreadAnswers(store), Memory(store)
    assistants, errands = AssistantAnswers(store), ErrandAnswers(store)
    table: Mapping[str, Answering] = {
        queries.SESSIONS: answers.sessions,
        queries.SESSION: answers.session,
        queries.MESSAGES: answers.messages,
        queries.HISTORY: answers.history,
        queries.QUIET: answers.quiet,
        queries.QUOTATIONS: answers.quotations,
        queries.THREADS: threads.threads,
        queries.RUNS: threads.runs,
        queries.ITEM: memory.item,
        queries.ITEMS: memory.items,
        queries.NAMESPACES: memory.namespaces,
        queries.ASSISTANTS: assistants.assistants,
        queries.ERRANDS: errands.errands,
    }
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
    for name, answer in table.items():
        handler = _once_projected(answer, projector, query_wait)
        routes.subscriber(
            subjects.query(name), queue=QUEUE, max_workers=CONCURRENT_ANSWERS, description=handler.__doc__
        )(handler)
    return routes


def _once_projected(answer: Answering, projector: Reaching, query_wait: float) -> Answering:
    """A handler that answers when the projection has reached what its question names."""
    hints = get_type_hints(answer)

    async def handler(query: Query) -> BaseModel:
        wanted = query.at_least
        for position in wanted if isinstance(wanted, tuple) else (wanted,):
            await projector.reached(position, timeout_seconds=query_wait)
        return await answer(query)

    # FastStream reads from the function what it takes and gives, and what it is called.
    handler.__annotations__ = hints
    handler.__name__ = answer.__name__
    handler.__doc__ = getdoc(hints["query"])
    return handler
