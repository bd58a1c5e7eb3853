"""``/runs``: runs on threads of their own, which are gone afterwards, and cancelling many at once."""

import asyncio
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, HTTPException, Response

from contracts import queries
from edge_rest.errors import documented
from edge_rest.langgraph.agents import Agents, checked, owner
from edge_rest.langgraph.paging import IdempotencyKey
from edge_rest.langgraph.requests import Asked, Requests
from edge_rest.langgraph.showing import CANCEL_SECONDS, Showing
from eventlog.turns.refusals import NotRunning
from protocols.langgraph import answers
from protocols.langgraph.wire import RunCreate, RunsCancel

BATCH = 100


@dataclass(frozen=True, slots=True)
class Stateless:
    """What may be done without a thread; each public method is one call."""

    agents: Agents
    requests: Requests
    showing: Showing

    async def _ask(self, body: RunCreate, key: str | None, *place: str) -> Asked:
        if (body.command or {}).get("resume") is not None:
            raise HTTPException(400, "You must provide a thread_id when resuming.")
        return await self.requests.ask_alone(body, key, *place, keep=body.on_completion == "keep")

    async def _answer(self, asked: Asked) -> dict[str, Any]:
        request = await self.agents.request(asked.thread_id, asked.receipt.sequence)
        return answers.asked(asked.run_id, asked.thread_id, request, None)

    async def create(
        self, body: RunCreate, response: Response, idempotency_key: IdempotencyKey = None
    ) -> dict[str, Any]:
        """Ask for a run, and do not wait for it."""
        asked = await self._ask(body, idempotency_key)
        response.headers["Content-Location"] = f"/runs/{asked.run_id}"
        return await self._answer(asked)

    async def batch(
        self, body: list[RunCreate], idempotency_key: IdempotencyKey = None
    ) -> list[dict[str, Any]]:
        """Ask for several runs."""
        if len(body) > BATCH:
            raise HTTPException(422, f"body: must have at most {BATCH} runs")
        many = [self._ask(each, idempotency_key, str(place)) for place, each in enumerate(body)]
        return [await self._answer(asked) for asked in await asyncio.gather(*many)]

    async def stream(self, body: RunCreate, idempotency_key: IdempotencyKey = None) -> Response:
        """Ask for a run, and stream it."""
        asked = await self._ask(body, idempotency_key)
        location = f"/threads/{asked.thread_id}/runs/{asked.run_id}/stream"
        return self.showing.response(
            self.showing.asked(asked, cancels=body.on_disconnect == "cancel"),
            {"Location": location, "Content-Location": f"/runs/{asked.run_id}"},
        )

    async def wait(self, body: RunCreate, idempotency_key: IdempotencyKey = None) -> Response:
        """Ask for a run, and wait for what it comes to."""
        values = body.model_copy(update={"stream_mode": ["values"]})
        asked = await self._ask(values, idempotency_key)
        place = f"/threads/{asked.thread_id}/runs/{asked.run_id}"
        return self.showing.waiting(
            self.showing.asked(asked, cancels=body.on_disconnect == "cancel"),
            {"Location": f"{place}/join", "Content-Location": place},
        )

    async def _ended(self, key: str, run_id: str) -> None:
        """Wait a moment for a cancelled run's end, so that what is read next tells of it."""
        run = await self.agents.run(key, run_id)
        if run and run.status in ("pending", "running"):
            await self.showing.ended(key, run, CANCEL_SECONDS)

    async def cancel(self, body: RunsCancel, action: str = "interrupt") -> Response:
        """Stop the runs that are named, or all that wait or are in progress."""
        if action not in ("interrupt", "rollback"):
            raise HTTPException(422, "action: must be interrupt or rollback")
        only = set(body.run_ids) if body.run_ids is not None else None
        if body.thread_id is not None:
            keys = [(await self.agents.thread(body.thread_id)).key]
        elif body.status is not None:
            keys = await _busy(self.agents)
        else:
            raise HTTPException(422, "body: needs thread_id and run_ids, or status")
        for key in keys:
            try:
                await self.agents.inbox.cancel(checked(key), rollback=action == "rollback", only=only)
            except NotRunning:
                continue
        for run_id in body.run_ids or () if body.thread_id else ():
            await self._ended(keys[0], run_id)
        return Response(status_code=204)


def router(stateless: Stateless) -> APIRouter:
    """The calls about runs without a thread."""
    routes = APIRouter(tags=["langgraph"], prefix="/runs", responses=documented(404, 422, 503))
    add = routes.add_api_route
    add("", stateless.create, methods=["POST"], responses=documented(400, 409))
    add("/batch", stateless.batch, methods=["POST"], responses=documented(400, 409))
    add("/stream", stateless.stream, methods=["POST"], responses=documented(400, 409))
    add("/wait", stateless.wait, methods=["POST"], responses=documented(400, 409))
    add("/cancel", stateless.cancel, methods=["POST"], status_code=204)
    return routes


async def _busy(agents: Agents) -> list[str]:
    """The threads that have a run waiting or in progress."""
    keys: list[str] = []
    while True:
        query = queries.ThreadsQuery(
            status="busy",
            caller=await owner(),
            at_least=await agents.log.positions(),
            limit=1000,
            offset=len(keys),
        )
        page = await agents.questions.ask(queries.THREADS, query, queries.Threads)
        keys += [thread.key for thread in page.threads]
        if not page.threads or len(keys) >= page.total:
            return keys
