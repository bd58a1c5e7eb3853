"""``/threads``: begun, labelled, found, copied, deleted. A thread is a conversation."""

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Header, HTTPException, Response
from fastapi.responses import JSONResponse

from access.ownership import NotYours
from contracts import queries
from contracts.events import Event, MetadataChanged, RequestTaken
from contracts.queries import StateUpdate, ThreadRecord
from edge_rest.errors import documented
from edge_rest.langgraph.agents import Agents, as_new_id, check_same, checked, opening, owner, unknown
from edge_rest.langgraph.paging import IdempotencyKey, derived, paged
from edge_rest.langgraph.states import updated
from eventlog.turns.refusals import Exists, Missing
from protocols.langgraph import answers
from protocols.langgraph.wire import ThreadCreate, ThreadFilter, ThreadPatch, ThreadSearch

SCANNED_AT_ONCE = 200
"""How many threads are looked at in one go for a value in their states."""


@dataclass(frozen=True, slots=True)
class Threads:
    """What may be done with threads; each public method is one call."""

    agents: Agents

    async def _page(self, filters: ThreadFilter, **more: Any) -> queries.Threads:
        query = queries.ThreadsQuery(
            metadata=filters.metadata,
            keys=tuple(filters.ids) if filters.ids is not None else None,
            status=filters.status,
            caller=await owner(),
            at_least=await self.agents.log.positions(),
            **more,
        )
        return await self.agents.questions.ask(queries.THREADS, query, queries.Threads)

    async def _records(
        self, filters: ThreadFilter, limit: int, offset: int, **order: Any
    ) -> tuple[list[ThreadRecord], int]:
        found: list[ThreadRecord] = []
        while True:
            some = await self._page(filters, limit=limit - len(found), offset=offset + len(found), **order)
            found += some.threads
            if not some.threads or len(found) >= limit:
                return found, some.total

    async def _with_these_values(self, filters: ThreadFilter, **order: Any) -> list[dict[str, Any]]:
        """All that fit, states looked into."""
        fitting: list[dict[str, Any]] = []
        offset = 0
        while True:
            some, total = await self._records(filters, SCANNED_AT_ONCE, offset, **order)
            offset += len(some)
            fitting += [
                each
                for each in await self.agents.with_values(some)
                if answers.contains(each["values"] or {}, filters.values)
            ]
            if not some or offset >= total:
                return fitting

    async def create(self, body: ThreadCreate, idempotency_key: IdempotencyKey = None) -> dict[str, Any]:
        """Begin a thread."""
        repeated = body.thread_id is None and idempotency_key is not None
        if body.thread_id is not None:
            thread_id = as_new_id(body.thread_id)
        else:
            thread_id = derived(await owner(), idempotency_key, "thread") if idempotency_key else str(uuid4())
        graph = body.metadata.get("graph_id")
        known = graph if graph in (await self.agents.graphs()).names else ""
        facts: list[Event] = [MetadataChanged(metadata=body.metadata)] if body.metadata else []
        if repeated:
            facts.append(RequestTaken.of(body))
        try:
            await self.agents.inbox.open(thread_id, await opening(str(known)), *facts)
        except (Exists, NotYours) as error:
            if isinstance(error, NotYours) or not (repeated or body.if_exists == "do_nothing"):
                raise HTTPException(409, f"Thread with ID {thread_id} already exists") from None
            if not repeated:
                return await _thread(self.agents, thread_id)
            await check_same(self.agents, thread_id, body)
        await _fill(self.agents, thread_id, body, idempotency_key if repeated else None)
        return await _thread(self.agents, thread_id)

    async def search(self, body: ThreadSearch, response: Response) -> list[dict[str, Any]]:
        """The threads that fit, the one that changed last first."""
        order = {
            "sort_by": answers.ORDERS.get(body.sort_by or "", body.sort_by) or "updated_at",
            "ascending": body.sort_order == "asc",
        }
        if body.values:
            every = await self._with_these_values(body, **order)
            found, total = every[body.offset : body.offset + body.limit], len(every)
        else:
            some, total = await self._records(body, body.limit, body.offset, **order)
            found = await self.agents.with_values(some)
        paged(response, body.offset + len(found), total)
        return [_shown(each, body) for each in found]

    async def count(self, body: ThreadFilter) -> int:
        """How many threads fit."""
        if body.values:
            return len(await self._with_these_values(body))
        return (await self._page(body, limit=0)).total

    async def get(self, thread_id: str) -> dict[str, Any]:
        """One thread, with its newest values."""
        return await _thread(self.agents, thread_id)

    async def patch(
        self, thread_id: str, body: ThreadPatch, prefer: Annotated[str | None, Header()] = None
    ) -> Any:
        """Add to a thread's metadata; the newest value of a name counts."""
        try:
            await self.agents.inbox.note(checked(thread_id), MetadataChanged(metadata=body.metadata))
        except Missing:
            raise HTTPException(404, "Not Found") from None
        if prefer == "return=minimal":
            return Response(status_code=204)
        return JSONResponse(await _thread(self.agents, thread_id))

    async def delete(self, thread_id: str) -> Response:
        """Delete a thread with its runs and checkpoints."""
        if not await self.agents.inbox.delete(checked(thread_id)):
            unknown(thread_id)
        return Response(status_code=204)

    async def copy(self, thread_id: str, idempotency_key: IdempotencyKey = None) -> dict[str, Any]:
        """Begin a thread with all checkpoints of another one."""
        record = await self.agents.thread(thread_id)
        target = (
            derived(await owner(), idempotency_key, "copy", record.key) if idempotency_key else str(uuid4())
        )
        labels = [MetadataChanged(metadata=record.metadata)] if record.metadata else []
        try:
            await self.agents.inbox.open(target, await opening(record.graph), *labels)
        except Exists:
            if await self.agents.state(await self.agents.thread(target)):
                return await _thread(self.agents, target)
        command = queries.CopyThread(conversation=record.key, target=target)
        await self.agents.questions.ask(queries.COPY_THREAD, command, queries.ThreadCopied)
        return await _thread(self.agents, target)


def router(threads: Threads) -> APIRouter:
    """The calls about threads themselves."""
    routes = APIRouter(tags=["langgraph"], prefix="/threads", responses=documented(422, 503))
    add = routes.add_api_route
    add("", threads.create, methods=["POST"], responses=documented(409))
    add("/search", threads.search, methods=["POST"])
    add("/count", threads.count, methods=["POST"])
    add("/prune", _absent, methods=["POST"], include_in_schema=False)
    add("/{thread_id}", threads.get, methods=["GET"], responses=documented(404))
    add("/{thread_id}", threads.patch, methods=["PATCH"], responses=documented(404))
    add("/{thread_id}", threads.delete, methods=["DELETE"], status_code=204, responses=documented(404))
    add("/{thread_id}/copy", threads.copy, methods=["POST"], responses=documented(404))
    return routes


async def _absent() -> None:
    """Without this the path would be one of a thread, by which no call is made."""
    raise HTTPException(404, "Not Found")


async def _thread(agents: Agents, thread_id: str) -> dict[str, Any]:
    record = await agents.thread(thread_id)
    return answers.thread(record, await agents.state(record))


async def _fill(agents: Agents, thread_id: str, body: ThreadCreate, key: str | None) -> None:
    """Put the states that a thread is to begin with into it."""
    if not body.supersteps:
        return
    steps: list[tuple[StateUpdate, ...]] = []
    for step in body.supersteps:
        updates = step.get("updates")
        if not isinstance(updates, list) or not all(isinstance(each, dict) for each in updates):
            raise HTTPException(422, "supersteps: each needs a list of updates")
        steps.append(tuple(StateUpdate(values=e.get("values"), as_node=e.get("as_node")) for e in updates))
    await updated(agents, queries.UpdateState(conversation=thread_id, supersteps=tuple(steps), key=key))


def _shown(thread: dict[str, Any], body: ThreadSearch) -> dict[str, Any]:
    shown = answers.selected(thread, body.select)
    if body.extract is not None:
        shown["extracted"] = {name: answers.extracted(thread, path) for name, path in body.extract.items()}
    return shown
