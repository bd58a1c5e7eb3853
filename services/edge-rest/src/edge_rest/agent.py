"""The REST side of the agent protocol."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Path

from contracts import queries
from contracts.envelope import parse_time
from contracts.subjects import MAX_KEY_LENGTH, InvalidKey, check_key
from edge_rest.errors import documented
from edge_rest.settings import EdgeSettings
from eventlog.broker import Broker
from eventlog.ports import Log
from eventlog.query import Refused, ask
from protocols.agent.wire import STEP_TYPES, HistoryItem, RunRequest, RunStep


def router(broker: Broker, log: Log, settings: EdgeSettings) -> APIRouter:
    """``/history/{chat_id}`` and ``/agent/run``."""
    routes = APIRouter(tags=["agent"], responses=documented(422, 503))

    @routes.get("/history/{chat_id:path}")
    async def history(
        chat_id: Annotated[str, Path(description="The dialogue's id", max_length=MAX_KEY_LENGTH)],
    ) -> list[HistoryItem]:
        """All that was said in a dialogue, in order; empty for an unknown one."""
        try:
            check_key(chat_id)
        except InvalidKey as error:
            raise HTTPException(422, f"chat_id: {error}") from None
        query = queries.HistoryQuery(conversation=chat_id, at_least=await log.tail(chat_id))
        entries: list[queries.HistoryEntry] = []
        while True:
            page = await ask(
                broker, queries.HISTORY, query, queries.History, timeout_seconds=settings.query_timeout
            )
            entries += page.entries
            if page.next is None:
                break
            query = query.model_copy(update={"after": page.next})
        return [
            HistoryItem(
                role="user" if entry.role == "user" else "agent",
                content=entry.content,
                step_type=STEP_TYPES[entry.step_kind] if entry.step_kind else None,
                timestamp=parse_time(entry.occurred_at).strftime("%Y-%m-%d %H:%M:%S"),
            )
            for entry in entries
        ]

    @routes.post("/agent/run", responses=documented(413, 500))
    async def run(request: RunRequest) -> list[RunStep]:
        """Run a task without keeping anything; the steps in order, the last one the answer."""
        graph = request.graph or settings.agent_graph
        question = queries.RunOnce(task=request.task, graph=graph, conversation=request.chat_id)
        try:
            result = await ask(
                broker,
                queries.RUN_ONCE,
                question,
                queries.RunOnceResult,
                timeout_seconds=settings.run_timeout,
            )
        except Refused as refused:
            if refused.failure.failure == "invalid":
                raise HTTPException(422, f"graph: {refused}") from None
            raise HTTPException(500, f"Error running the task: {refused}") from None
        return [RunStep(step_type=STEP_TYPES[step.kind], content=step.text) for step in result.steps]

    return routes
