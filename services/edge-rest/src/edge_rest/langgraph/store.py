"""``/store``: the long-term memory that graphs get as ``store``, put, read, searched and listed."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Response
from pydantic import BaseModel

from contracts import queries, subjects
from contracts.queries import ItemFound, Items, Namespaces, StoreChanged, StoredItem
from edge_rest.errors import documented
from edge_rest.langgraph.agents import Agents, owner
from eventlog.query import Refused
from protocols.langgraph.wire import ItemDelete, ItemPut, ItemsSearch, NamespacesList

MAX_LABELS = 32
RESERVED = "langgraph"


@dataclass(frozen=True, slots=True)
class Store:
    """What may be done with the store; each public method is one call."""

    agents: Agents

    async def _ask(self, name: str, question: BaseModel, answer: type[Any]) -> Any:
        try:
            return await self.agents.questions.ask(name, question, answer)
        except Refused as refused:
            raise HTTPException(422, str(refused)) from None

    async def _reached(self, namespace: tuple[str, ...]) -> tuple[str, ...]:
        """Raises `NotYours` for a namespace that is another user's."""
        await self.agents.log.tail(subjects.store(namespace))
        return namespace

    async def put(self, body: ItemPut) -> Response:
        """Store an item, in place of one of the same key."""
        namespace = await self._reached(_writable(body.namespace))
        index = tuple(body.index) if isinstance(body.index, list) else body.index
        command = queries.StorePut(
            namespace=namespace,
            key=body.key,
            value=body.value,
            index=index,
            ttl=body.ttl,
            caller=await owner(),
        )
        await self._ask(queries.STORE_PUT, command, StoreChanged)
        return Response(status_code=204)

    async def get(
        self,
        key: Annotated[str, Query(min_length=1, max_length=1024)],
        namespace: Annotated[str, Query(max_length=4096)] = "",
        refresh_ttl: bool | None = None,
    ) -> dict[str, Any] | None:
        """One item; null where there is none. The labels of `namespace` are parted by dots."""
        labels = await self._reached(_labels(namespace.split(".")))
        question = queries.StoreGet(namespace=labels, key=key, refresh_ttl=refresh_ttl)
        found: ItemFound = await self._ask(queries.STORE_GET, question, ItemFound)
        return _shown(found.item) if found.item else None

    async def delete(self, body: ItemDelete) -> Response:
        """Delete an item, if there is one."""
        namespace = await self._reached(_writable(body.namespace))
        command = queries.StoreDelete(namespace=namespace, key=body.key)
        await self._ask(queries.STORE_DELETE, command, StoreChanged)
        return Response(status_code=204)

    async def search(self, body: ItemsSearch) -> dict[str, list[dict[str, Any]]]:
        """Items of a namespace and those below it, the nearest to `query` first."""
        found: list[StoredItem] = []
        offset: int | None = body.offset
        user = await owner()
        while offset is not None and len(found) < body.limit:
            question = queries.StoreSearch(
                prefix=_labels(body.namespace_prefix),
                filter=body.filter,
                query=body.query,
                limit=body.limit - len(found),
                offset=offset,
                refresh_ttl=body.refresh_ttl,
                caller=user,
            )
            page: Items = await self._ask(queries.STORE_SEARCH, question, Items)
            found += page.items
            offset = page.next if page.items else None
        return {"items": [_shown(item) | {"score": item.score} for item in found]}

    async def namespaces(self, body: NamespacesList) -> dict[str, list[list[str]]]:
        """The namespaces that hold items."""
        question = queries.StoreNamespaces(
            prefix=_labels(body.prefix),
            suffix=_labels(body.suffix),
            max_depth=body.max_depth,
            limit=body.limit,
            offset=body.offset,
            caller=await owner(),
        )
        found: Namespaces = await self._ask(queries.STORE_NAMESPACES, question, Namespaces)
        return {"namespaces": [list(namespace) for namespace in found.namespaces]}


def router(store: Store) -> APIRouter:
    """The calls about the store."""
    routes = APIRouter(tags=["langgraph"], prefix="/store", responses=documented(400, 422, 503))
    add = routes.add_api_route
    add("/items", store.put, methods=["PUT"], status_code=204)
    add("/items", store.get, methods=["GET"])
    add("/items", store.delete, methods=["DELETE"], status_code=204)
    add("/items/search", store.search, methods=["POST"])
    add("/namespaces", store.namespaces, methods=["POST"])
    return routes


def _labels(namespace: list[str] | None) -> tuple[str, ...]:
    """Raises a 422 for labels that there cannot be."""
    labels = tuple(namespace or ())
    if len(labels) > MAX_LABELS:
        raise HTTPException(422, f"namespace: must have at most {MAX_LABELS} labels")
    for label in labels:
        if not label or "." in label:
            raise HTTPException(422, "namespace: labels must not be empty and must not contain dots")
    return labels


def _writable(namespace: list[str]) -> tuple[str, ...]:
    """Raises a 400 for a namespace that is not a client's."""
    labels = _labels(namespace)
    if not labels:
        raise HTTPException(400, "namespace: must not be empty")
    if labels[0] == RESERVED:
        raise HTTPException(400, f"namespace: must not begin with {RESERVED!r}")
    return labels


def _shown(item: StoredItem) -> dict[str, Any]:
    return {
        "namespace": list(item.namespace),
        "key": item.key,
        "value": item.value,
        "created_at": item.created_at,
        "updated_at": item.updated_at,
    }
