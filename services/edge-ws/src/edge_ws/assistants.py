"""The assistants of the LangGraph API, as a command names them."""

from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from access.visitor import VISITOR
from contracts import queries, subjects
from contracts.queries import AssistantRecord, AssistantsQuery, Graphs, GraphsQuery
from eventlog.broker import Broker
from eventlog.ports import Log, Unavailable
from eventlog.query import ask
from protocols.langgraph.answers import default_assistant_id

ASK_SECONDS: Final = 5.0


class Refused(Exception):
    """A command that is not carried out.

    Attributes:
        code: stable, for programs.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Assistant:
    """A graph, and what an assistant gives its runs."""

    graph: str
    assistant_id: str
    config: dict[str, Any] = field(default_factory=dict)
    context: Any = None


@dataclass(slots=True)
class Assistants:
    """Asked of the other services."""

    broker: Broker
    log: Log
    _graphs: Graphs | None = None

    async def named(self, name: Any) -> Assistant:
        """The assistant of an id, or the one that stands for the graph of a name.

        Raises:
            Refused: if there is none.
        """
        if not isinstance(name, str):
            raise Refused("invalid_argument", "run.start requires an assistant_id.")
        graphs = await self._served()
        for graph in graphs.names:
            if name in (graph, default_assistant_id(graph)):
                return Assistant(graph, default_assistant_id(graph))
        own = await self._own(name) if is_uuid(name) else None
        if own and own.graph in graphs.names:
            return Assistant(own.graph, own.assistant_id, own.config, own.context)
        raise Refused("unknown_error", f"422: Invalid assistant: {name[:200]!r}")

    async def _served(self) -> Graphs:
        """The graphs that are served, or were when agent-runner was there last."""
        query = GraphsQuery()
        try:
            self._graphs = await ask(self.broker, queries.GRAPHS, query, Graphs, timeout_seconds=ASK_SECONDS)
        except Unavailable:
            if self._graphs is None:
                raise
        return self._graphs

    async def _own(self, name: str) -> AssistantRecord | None:
        """The assistant that somebody has made, as far as the visitor may see it."""
        identity, visitor = str(UUID(name)), VISITOR.get()
        query = AssistantsQuery(
            assistant_id=identity,
            caller=await visitor.user() if visitor else None,
            at_least=await self.log.tail(subjects.assistant(identity)),
        )
        found = await ask(
            self.broker, queries.ASSISTANTS, query, queries.Assistants, timeout_seconds=ASK_SECONDS
        )
        return found.assistants[0] if found.assistants else None


def is_uuid(text: str) -> bool:
    """Whether a text is a UUID in one of its usual forms."""
    try:
        UUID(text)
    except ValueError:
        return False
    return True
