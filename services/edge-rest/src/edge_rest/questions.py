"""What the edge asks the other services."""

from dataclasses import dataclass, field
from typing import TypeVar

from fastapi import HTTPException
from pydantic import BaseModel

from access.visitor import VISITOR
from contracts import queries
from eventlog.broker import Broker
from eventlog.patience import Patience
from eventlog.ports import LogError
from eventlog.query import Nobody, ask
from protocols.octo.bodies import GraphState

AnswerT = TypeVar("AnswerT", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Questions:
    """Queries over one broker, each within the same time."""

    broker: Broker
    timeout_seconds: float
    _served: set[str] = field(default_factory=set)
    """The graphs that agent-runner named last; while it is away, they count."""

    async def ask(self, name: str, question: BaseModel, answer: type[AnswerT]) -> AnswerT:
        """See `eventlog.query.ask`; a service that is being started anew is waited for."""
        patience = Patience(self.timeout_seconds)
        while True:
            try:
                return await ask(self.broker, name, question, answer, timeout_seconds=self.timeout_seconds)
            except Nobody as error:
                await patience.wait(error)

    async def sessions(self, question: queries.SessionsQuery) -> queries.Sessions:
        """A page of the sessions that the visitor may see."""
        visitor = VISITOR.get()
        caller = await visitor.user() if visitor else None
        return await self.ask(
            queries.SESSIONS, question.model_copy(update={"caller": caller}), queries.Sessions
        )

    async def chosen_graph(self, name: str | None, default: str) -> str:
        """The graph that a body names, or the protocol's own without one.

        Raises:
            fastapi.HTTPException: 422 if there is no such graph.
        """
        if name is None:
            return default
        try:
            served = await self.ask(queries.GRAPHS, queries.GraphsQuery(), queries.Graphs)
        except LogError:
            if name not in self._served:
                raise
            return name
        self._served.clear()
        self._served.update(served.names)
        if name not in self._served:
            raise HTTPException(422, f"graph: there is no graph {name!r}")
        return name

    async def state(self, thread_id: str, checkpoint_id: str | None = None) -> tuple[str | None, GraphState]:
        """A graph's state with the id of its checkpoint; None and an empty state if there is none."""
        query = queries.StateQuery(conversation=thread_id, checkpoint_id=checkpoint_id)
        found = await self.ask(queries.STATE, query, queries.StateFound)
        return found.checkpoint_id, GraphState.model_validate_json(found.text)
