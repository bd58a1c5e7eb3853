"""Which graph answers a conversation that a client begins."""

from collections.abc import Callable

from contracts import queries
from edge_ws.conversation import NotAccepted
from eventlog.broker import Broker
from eventlog.query import Remembered, ask


class Graphs:
    """The graphs that are served, as agent-runner tells them to whoever chooses one.

    While it is away, those that it named last count: what is said to them is answered when it is back.
    """

    def __init__(self, broker: Broker, timeout_seconds: float) -> None:
        query = queries.GraphsQuery()
        self._served = Remembered(
            lambda: ask(broker, queries.GRAPHS, query, queries.Graphs, timeout_seconds=timeout_seconds)
        )

    async def served(self, fits: Callable[[queries.Graphs], bool] = lambda _: True) -> queries.Graphs:
        """Those that are served, or were. As `Remembered.newest`."""
        return await self._served.newest(fits)

    async def chosen(self, name: str | None, default: str) -> str:
        """The graph of ``?graph=``, or the protocol's own without one.

        Raises:
            NotAccepted: if there is no such graph.
            LogError: if nobody tells which there are.
        """
        if not name:
            return default
        if name not in (await self.served(lambda graphs: name in graphs.names)).names:
            raise NotAccepted(f"graph: there is no graph {name[:80]!r}")
        return name
