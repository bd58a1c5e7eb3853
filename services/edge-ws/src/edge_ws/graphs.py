"""Which graph answers a conversation that a client begins."""

from contracts import queries
from edge_ws.conversation import NotAccepted
from eventlog.broker import Broker
from eventlog.ports import LogError
from eventlog.query import ask


class Graphs:
    """The graphs that are served, as agent-runner tells them to whoever chooses one.

    While it is away, those that it named last count: what is said to them is answered when it is back.
    """

    def __init__(self, broker: Broker, timeout_seconds: float) -> None:
        self._broker = broker
        self._timeout = timeout_seconds
        self._served: tuple[str, ...] = ()

    async def chosen(self, name: str | None, default: str) -> str:
        """The graph of ``?graph=``, or the protocol's own without one.

        Raises:
            NotAccepted: if there is no such graph.
            LogError: if nobody tells which there are.
        """
        if not name:
            return default
        try:
            served = await ask(
                self._broker,
                queries.GRAPHS,
                queries.GraphsQuery(),
                queries.Graphs,
                timeout_seconds=self._timeout,
            )
            self._served = served.names
        except LogError:
            if name not in self._served:
                raise
        if name not in self._served:
            raise NotAccepted(f"graph: there is no graph {name[:80]!r}")
        return name
