"""Which graph answers a conversation that a client begins."""

from dataclasses import dataclass

from contracts import queries
from edge_ws.conversation import NotAccepted
from eventlog.broker import Broker
from eventlog.query import ask


@dataclass(frozen=True, slots=True)
class Graphs:
    """The graphs that are served, as agent-runner tells them to whoever chooses one."""

    broker: Broker
    timeout_seconds: float

    async def chosen(self, name: str | None, default: str) -> str:
        """The graph of ``?graph=``, or the protocol's own without one.

        Raises:
            NotAccepted: if there is no such graph.
            LogError: if nobody tells which there are.
        """
        if not name:
            return default
        served = await ask(
            self.broker,
            queries.GRAPHS,
            queries.GraphsQuery(),
            queries.Graphs,
            timeout_seconds=self.timeout_seconds,
        )
        if name not in served.names:
            raise NotAccepted(f"graph: there is no graph {name[:80]!r}")
        return name
