"""Which graphs are served, and how they are made: schemas, drawings, subgraphs."""

import logging
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Any, Final

from faststream.nats import NatsRouter
from pydantic import create_model

from agent_runner.engine.catalogue import Compiled, Ready
from agent_runner.engine.failures import failure
from contracts import queries, subjects
from contracts.queries import Failure, Graphs, GraphsQuery, GraphView, GraphViewQuery

logger = logging.getLogger(__name__)

QUEUE: Final = "agent-runner"


def router(graphs: Mapping[str, Ready], default_graph: str, *, show_errors: bool = False) -> NatsRouter:
    """A subscriber for each query; replicas share the questions.

    Args:
        show_errors: whether clients are told what a graph raised.
    """
    routes = NatsRouter()

    @routes.subscriber(subjects.query(queries.GRAPHS), queue=QUEUE)
    async def list_graphs(_: GraphsQuery) -> Graphs:
        """Lists the graphs that are served."""
        return Graphs(names=tuple(graphs), default=default_graph, langgraph=version("langgraph"))

    @routes.subscriber(subjects.query(queries.GRAPH_VIEW), queue=QUEUE)
    async def view_graph(query: GraphViewQuery) -> GraphView | Failure:
        """Tells how a graph is made."""
        graph = graphs.get(query.graph)
        if graph is None:
            return GraphView()
        try:
            async with graph.opened() as compiled:
                return GraphView(view=await _view(compiled, query))
        except Exception as error:  # noqa: BLE001 - whatever the user's own graph raises
            return failure(error, f"a view of graph {query.graph!r}", shows=show_errors, kind="invalid")

    return routes


async def _view(graph: Compiled, query: GraphViewQuery) -> Any:
    match query.view:
        case "schemas":
            return {"graph_id": query.graph} | schemas(graph, query.graph)
        case "drawing":
            return (await graph.aget_graph(xray=query.xray)).to_json()
        case "subgraphs":
            found = graph.aget_subgraphs(namespace=query.namespace, recurse=query.recurse)
            return {name: schemas(subgraph, name) async for name, subgraph in found}


def schemas(graph: Any, name: str) -> dict[str, Any]:
    """A graph's JSON Schemas; None for one that cannot be made."""
    return {
        "input_schema": _made(graph.get_input_jsonschema),
        "output_schema": _made(graph.get_output_jsonschema),
        "state_schema": _made(lambda: _state_schema(graph, name)),
        "config_schema": {},
        "context_schema": _made(graph.get_context_jsonschema),
    }


def _made(make: Callable[[], Any]) -> Any:
    try:
        return make()
    except Exception as error:  # what a user's own types raise when they are looked at
        logger.info("a schema cannot be made", exc_info=error)
        return None


def _state_schema(graph: Any, name: str) -> Any:
    channels = {each: graph.channels[each].UpdateType for each in graph.stream_channels_list}
    fields: dict[str, Any] = {each: (kind, None) for each, kind in channels.items()}
    return create_model(f"{name}_state", **fields).model_json_schema()
