"""The assistants of the LangGraph API, as a command names them."""

from typing import Any, Final
from uuid import UUID

from access.visitor import VISITOR
from contracts import queries, subjects
from contracts.queries import AssistantRecord, AssistantsQuery
from edge_ws.graphs import Graphs
from eventlog.broker import Broker
from eventlog.ports import Log
from eventlog.query import ask
from protocols.langgraph.answers import default_assistant_id
from protocols.langgraph.commands import Assistant, Refused, is_uuid

ASK_SECONDS: Final = 5.0


class Assistants:
    """Asked of the other services."""

    def __init__(self, broker: Broker, log: Log) -> None:
        self._broker = broker
        self._log = log
        self._graphs = Graphs(broker, ASK_SECONDS)

    async def named(self, name: Any) -> Assistant:
        """The assistant of an id, or the one that stands for the graph of a name.

        Raises:
            Refused: if there is none.
        """
        if not isinstance(name, str):
            raise Refused("invalid_argument", "run.start requires an assistant_id.")
        graphs = await self._graphs.served()
        for graph in graphs.names:
            if name in (graph, default_assistant_id(graph)):
                return Assistant(default_assistant_id(graph), graph)
        own = await self._own(name) if is_uuid(name) else None
        if own and own.graph in graphs.names:
            return Assistant(own.assistant_id, own.graph, own.config, own.context)
        raise Refused("unknown_error", f"422: Invalid assistant: {name[:200]!r}")

    async def _own(self, name: str) -> AssistantRecord | None:
        """The assistant that somebody has made, as far as the visitor may see it."""
        identity, visitor = str(UUID(name)), VISITOR.get()
        query = AssistantsQuery(
            assistant_id=identity,
            caller=await visitor.user() if visitor else None,
            at_least=await self._log.tail(subjects.assistant(identity)),
        )
        found = await ask(
            self._broker, queries.ASSISTANTS, query, queries.Assistants, timeout_seconds=ASK_SECONDS
        )
        return found.assistants[0] if found.assistants else None
