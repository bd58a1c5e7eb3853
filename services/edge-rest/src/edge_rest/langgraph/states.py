"""``/threads/{thread_id}/state`` and ``history``: what the graph's checkpoints hold."""

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, HTTPException, Query
from fastapi.responses import Response

from contracts import queries
from contracts.queries import StateUpdate, StateUpdated, UpdateState
from edge_rest.errors import documented
from edge_rest.langgraph.agents import Agents
from edge_rest.langgraph.paging import IdempotencyKey, KeyReused
from protocols.langgraph.wire import PAGE, Checkpoint, HistoryBody, StateAt, StateBody


@dataclass(frozen=True, slots=True)
class States:
    """What may be done with states; each public method is one call."""

    agents: Agents

    async def _state_at(self, thread_id: str, checkpoint: Checkpoint, *, subgraphs: bool) -> Response:
        record = await self.agents.thread(thread_id)
        named = (checkpoint.checkpoint_id,) if checkpoint.checkpoint_id else ()
        (state,) = await self.agents.states(
            record, named, namespace=checkpoint.checkpoint_ns or "", subgraphs=subgraphs
        )
        return _json(state)

    async def _listed(self, thread_id: str, body: HistoryBody) -> Response:
        record = await self.agents.thread(thread_id)
        place = body.checkpoint or Checkpoint()
        namespace = place.checkpoint_ns or ""
        query = queries.CheckpointIdsQuery(
            conversation=record.key,
            namespace=namespace,
            checkpoint_id=place.checkpoint_id,
            before=_before(body.before),
            metadata=body.metadata,
            limit=body.limit,
        )
        ids = await self.agents.questions.ask(queries.CHECKPOINT_IDS, query, queries.CheckpointIds)
        if not ids.checkpoint_ids:
            return _json("[]")
        states = await self.agents.states(record, ids.checkpoint_ids, namespace=namespace)
        return _json(f"[{','.join(states)}]")

    async def newest(self, thread_id: str, subgraphs: bool = False) -> Response:
        """The newest state."""
        return await self._state_at(thread_id, Checkpoint(), subgraphs=subgraphs)

    async def at(self, thread_id: str, checkpoint_id: str, subgraphs: bool = False) -> Response:
        """The state at a checkpoint; an empty one where there is none."""
        return await self._state_at(thread_id, Checkpoint(checkpoint_id=checkpoint_id), subgraphs=subgraphs)

    async def at_checkpoint(self, thread_id: str, body: StateAt) -> Response:
        """The state at a checkpoint, of a subgraph if it names one."""
        return await self._state_at(thread_id, body.checkpoint, subgraphs=body.subgraphs)

    async def update(
        self, thread_id: str, body: StateBody, idempotency_key: IdempotencyKey = None
    ) -> dict[str, Any]:
        """Change the state as if a node had."""
        record = await self.agents.thread(thread_id)
        place = body.checkpoint or Checkpoint()
        many = isinstance(body.values, list) and all(isinstance(each, dict) for each in body.values)
        values = body.values if many and body.values else [body.values]
        command = queries.UpdateState(
            conversation=record.key,
            graph=await self.agents.graph_of(record),
            namespace=place.checkpoint_ns or "",
            checkpoint_id=body.checkpoint_id or place.checkpoint_id,
            supersteps=tuple((StateUpdate(values=each, as_node=body.as_node),) for each in values),
            key=idempotency_key,
        )
        done = await updated(self.agents, command)
        named = {
            "thread_id": record.key,
            "checkpoint_ns": done.namespace,
            "checkpoint_id": done.checkpoint_id,
            **({"checkpoint_map": done.checkpoint_map} if done.checkpoint_map else {}),
        }
        return {"checkpoint": named, "configurable": named, "checkpoint_id": done.checkpoint_id}

    async def history(self, thread_id: str, body: HistoryBody) -> Response:
        """States, the newest first."""
        return await self._listed(thread_id, body)

    async def brief_history(
        self, thread_id: str, limit: int = Query(10, ge=1, le=PAGE), before: str | None = None
    ) -> Response:
        """States, the newest first."""
        return await self._listed(thread_id, HistoryBody(limit=limit, before=before))


async def updated(agents: Agents, command: UpdateState) -> StateUpdated:
    """Change a thread's state. Raises `KeyReused`, a 409 while a run is there, else a 400."""
    done = await agents.questions.ask(queries.UPDATE_STATE, command, StateUpdated)
    if done.is_another:
        raise KeyReused
    if done.refusal is not None:
        raise HTTPException(409 if done.is_busy else 400, done.refusal)
    return done


def router(states: States) -> APIRouter:
    """The calls about states."""
    routes = APIRouter(tags=["langgraph"], prefix="/threads/{thread_id}", responses=documented(404, 422, 503))
    add = routes.add_api_route
    add("/state", states.newest, methods=["GET"])
    add("/state/{checkpoint_id}", states.at, methods=["GET"])
    add("/state/checkpoint", states.at_checkpoint, methods=["POST"])
    add("/state", states.update, methods=["POST"], responses=documented(400, 409))
    add("/history", states.history, methods=["POST"])
    add("/history", states.brief_history, methods=["GET"])
    return routes


def _before(before: Any) -> str | None:
    """The id in any of the forms in which clients name a checkpoint."""
    if isinstance(before, dict):
        inner = before.get("configurable")
        before = (inner if isinstance(inner, dict) else before).get("checkpoint_id")
    if before is not None and not isinstance(before, str):
        raise HTTPException(422, "before: must name a checkpoint")
    return before


def _json(text: str) -> Response:
    return Response(text, media_type="application/json")
