"""``/assistants``: every graph as the assistant that stands for it, and those that people have made."""

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, HTTPException, Query, Response

from contracts import queries
from contracts.envelope import format_time, parse_time
from edge_rest.errors import documented
from edge_rest.langgraph.agents import Agents, as_new_id
from edge_rest.langgraph.paging import paged
from eventlog.query import Refused
from protocols.langgraph import answers
from protocols.langgraph.commands import is_uuid
from protocols.langgraph.wire import AssistantFilter, AssistantSearch

FIRST = format_time(parse_time("2025-01-01T00:00:00+00:00"))
"""When the assistants of graphs were made: they were always there."""


@dataclass(frozen=True, slots=True)
class Assistants:
    """What may be asked of assistants; each public method is one call."""

    agents: Agents

    async def _found(self, filters: AssistantFilter) -> list[dict[str, Any]]:
        names = (await self.agents.graphs()).names
        own = [answers.assistant(each) for each in await self.agents.own_assistants()]
        every = [*own, *(answers.default_assistant(name, FIRST) for name in names)]
        return [
            each
            for each in every
            if (filters.graph_id in (None, each["graph_id"]))
            and (filters.name is None or filters.name.lower() in each["name"].lower())
            and answers.contains(each["metadata"], filters.metadata)
        ]

    async def _graph_of(self, assistant_id: str) -> str:
        if not is_uuid(assistant_id):
            raise HTTPException(422, "Invalid assistant ID: must be a UUID")
        try:
            return (await self.agents.assistant(assistant_id)).graph
        except HTTPException:
            raise HTTPException(404, "Not Found") from None

    async def _view(self, **query: Any) -> Any:
        question = queries.GraphViewQuery(**query)
        try:
            return (await self.agents.questions.ask(queries.GRAPH_VIEW, question, queries.GraphView)).view
        except Refused as refused:
            raise HTTPException(422, f"the graph cannot be shown: {refused}") from None

    async def search(self, body: AssistantSearch, response: Response) -> list[dict[str, Any]]:
        """The assistants that fit."""
        every = await self._found(body)
        if body.sort_by:
            every.sort(key=lambda each: str(each[body.sort_by or ""]), reverse=body.sort_order == "desc")
        page = every[body.offset : body.offset + body.limit]
        paged(response, body.offset + len(page), len(every))
        return [answers.selected(each, body.select) for each in page]

    async def count(self, body: AssistantFilter) -> int:
        """How many assistants fit."""
        return len(await self._found(body))

    async def get(self, assistant_id: str) -> dict[str, Any]:
        """One assistant."""
        graph = await self._graph_of(assistant_id)
        if answers.default_assistant_id(graph) == as_new_id(assistant_id):
            return answers.default_assistant(graph, FIRST)
        return answers.assistant((await self.agents.own_assistants(as_new_id(assistant_id)))[0])

    async def schemas(self, assistant_id: str) -> Any:
        """The JSON Schemas of what its graph takes and gives."""
        return await self._view(graph=await self._graph_of(assistant_id), view="schemas")

    async def graph(self, assistant_id: str, xray: str = Query("false", max_length=5)) -> Any:
        """The nodes and edges of its graph; `xray` draws subgraphs too, as deep as a number says."""
        if not is_uuid(assistant_id) and assistant_id not in (await self.agents.graphs()).names:
            raise HTTPException(422, "Invalid assistant ID: must be a UUID")
        named = (await self.agents.assistant(assistant_id)).graph
        return await self._view(graph=named, view="drawing", xray=_depth(xray))

    async def subgraphs(self, assistant_id: str, recurse: bool = False) -> Any:
        """The schemas of its subgraphs."""
        return await self._view(graph=await self._graph_of(assistant_id), view="subgraphs", recurse=recurse)

    async def subgraph(self, assistant_id: str, namespace: str, recurse: bool = False) -> Any:
        """The schemas of one subgraph."""
        named = await self._graph_of(assistant_id)
        return await self._view(graph=named, view="subgraphs", recurse=recurse, namespace=namespace)


def router(assistants: Assistants) -> APIRouter:
    """The calls about assistants."""
    routes = APIRouter(tags=["langgraph"], prefix="/assistants", responses=documented(422, 503))
    add = routes.add_api_route
    add("/search", assistants.search, methods=["POST"])
    add("/count", assistants.count, methods=["POST"])
    add("/{assistant_id}", assistants.get, methods=["GET"], responses=documented(404))
    add("/{assistant_id}/schemas", assistants.schemas, methods=["GET"], responses=documented(404))
    add("/{assistant_id}/graph", assistants.graph, methods=["GET"], responses=documented(404))
    add("/{assistant_id}/subgraphs", assistants.subgraphs, methods=["GET"], responses=documented(404))
    add(
        "/{assistant_id}/subgraphs/{namespace}",
        assistants.subgraph,
        methods=["GET"],
        responses=documented(404),
    )
    return routes


def _depth(xray: str) -> bool | int:
    lowered = xray.lower()
    if lowered in ("true", "false"):
        return lowered == "true"
    if not xray.isdecimal():
        raise HTTPException(422, "xray: must be true, false or a number")
    return int(xray)
