"""What the edge asks the other services."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from fastapi import HTTPException
from pydantic import BaseModel

from access.visitor import VISITOR
from contracts import queries
from eventlog.broker import Broker
from eventlog.patience import Patience
from eventlog.query import Nobody, Remembered, ask
from protocols.octo.bodies import GraphState

AnswerT = TypeVar("AnswerT", bound=BaseModel)


class Questions:
    """Queries over one broker, each within the same time."""

    def __init__(self, broker: Broker, timeout_seconds: float) -> None:
        self._broker = broker
        self._timeout = timeout_seconds
        self._served = Remembered(partial(self.ask, queries.GRAPHS, queries.GraphsQuery(), queries.Graphs))

    async def ask(self, name: str, question: BaseModel, answer: type[AnswerT]) -> AnswerT:
        """See `eventlog.query.ask`; a service that is being started anew is waited for."""
        patience = Patience(self._timeout)
        while True:
            try:
                return await ask(self._broker, name, question, answer, timeout_seconds=self._timeout)
            except Nobody as error:
                await patience.wait(error)

    async def sessions(self, question: queries.SessionsQuery) -> queries.Sessions:
        """A page of the sessions that the visitor may see."""
        visitor = VISITOR.get()
        caller = await visitor.user() if visitor else None
        return await self.ask(
            queries.SESSIONS, question.model_copy(update={"caller": caller}), queries.Sessions
        )

    async def graphs(self, fits: Callable[[queries.Graphs], bool] = lambda _: True) -> queries.Graphs:
        """Those that are served; those that agent-runner named last while it is away, if they fit."""
        return await self._served.newest(fits)

    async def chosen_graph(self, name: str | None, default: str) -> str:
        """The graph that a body names, or the protocol's own without one.

        Raises:
            fastapi.HTTPException: 422 if there is no such graph.
        """
        if name is None:
            return default
        if name not in (await self.graphs(lambda graphs: name in graphs.names)).names:
            raise HTTPException(422, f"graph: there is no graph {name!r}")
        return name

    async def state(self, thread_id: str, checkpoint_id: str | None = None) -> tuple[str | None, GraphState]:
        """A graph's state with the id of its checkpoint; None and an empty state if there is none."""
        query = queries.StateQuery(conversation=thread_id, checkpoint_id=checkpoint_id)
        found = await self.ask(queries.STATE, query, queries.StateFound)
        return found.checkpoint_id, GraphState.model_validate_json(found.text)
