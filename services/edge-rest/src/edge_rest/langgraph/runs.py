"""``/threads/{thread_id}/runs``: asked for, streamed, waited for, joined, cancelled, listed."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, HTTPException, Query, Response
from fastapi.responses import JSONResponse

from contracts.events import RunForgotten, RunScheduled
from contracts.queries import RunRecord
from edge_rest.errors import documented
from edge_rest.gathering import Gathering
from edge_rest.langgraph.agents import Agents, as_run_id, checked
from edge_rest.langgraph.paging import IdempotencyKey, StrictResume, event_number, paged
from edge_rest.langgraph.requests import Requests
from edge_rest.langgraph.showing import CANCEL_SECONDS, Showing, failed
from eventlog.turns.refusals import NotRunning
from protocols.langgraph import answers
from protocols.langgraph.wire import PAGE, RunCreate

_UNKNOWN = '{"__error__":{"error":"HTTPException","message":"404: Run not found"}}'


@dataclass(frozen=True, slots=True)
class Runs:
    """What may be done with the runs of a thread; each public method is one call."""

    agents: Agents
    requests: Requests
    showing: Showing

    async def _known(self, thread_id: str, run_id: str) -> RunRecord:
        run = await self.agents.run(thread_id, as_run_id(run_id))
        if run is None:
            raise HTTPException(404, "Not Found")
        return run

    async def _answer(self, thread_id: str, run: RunRecord) -> dict[str, Any]:
        return answers.run(run, thread_id, await self.agents.request(thread_id, run.sequence))

    async def _is_yet_to_begin(self, thread_id: str, run: RunRecord) -> bool:
        """Whether it was to begin later and has not begun, so that nobody ends it."""
        recorded = await self.agents.log.next(thread_id, ">", after=run.sequence - 1)
        return recorded is not None and isinstance(recorded.event, RunScheduled)

    async def create(
        self,
        thread_id: str,
        body: RunCreate,
        response: Response,
        idempotency_key: IdempotencyKey = None,
        strict_resume: StrictResume = False,
    ) -> dict[str, Any]:
        """Ask for a run, and do not wait for it."""
        asked = await self.requests.ask(thread_id, body, key=idempotency_key, strict=strict_resume)
        response.headers["Content-Location"] = f"/threads/{asked.thread_id}/runs/{asked.run_id}"
        request = await self.agents.request(asked.thread_id, asked.receipt.sequence)
        known = await self.agents.run(asked.thread_id, asked.run_id) if asked.receipt.again else None
        return answers.asked(asked.run_id, asked.thread_id, request, known)

    async def stream(
        self,
        thread_id: str,
        body: RunCreate,
        idempotency_key: IdempotencyKey = None,
        strict_resume: StrictResume = False,
    ) -> Response:
        """Ask for a run, and stream it."""
        asked = await self.requests.ask(thread_id, body, key=idempotency_key, strict=strict_resume)
        place = f"/threads/{asked.thread_id}/runs/{asked.run_id}"
        return self.showing.response(
            self.showing.asked(asked, cancels=body.on_disconnect == "cancel"),
            {"Location": f"{place}/stream", "Content-Location": place},
        )

    async def wait(
        self,
        thread_id: str,
        body: RunCreate,
        idempotency_key: IdempotencyKey = None,
        strict_resume: StrictResume = False,
    ) -> Response:
        """Ask for a run, and wait for what it comes to."""
        values = body.model_copy(update={"stream_mode": ["values"]})
        asked = await self.requests.ask(thread_id, values, key=idempotency_key, strict=strict_resume)
        place = f"/threads/{asked.thread_id}/runs/{asked.run_id}"
        return self.showing.waiting(
            self.showing.asked(asked, cancels=body.on_disconnect == "cancel"),
            {"Location": f"{place}/join", "Content-Location": place},
        )

    async def listed(
        self,
        thread_id: str,
        response: Response,
        limit: int = Query(10, ge=1, le=PAGE),
        offset: int = Query(0, ge=0, le=1 << 31),
        status: Literal["pending", "running", "error", "success", "timeout", "interrupted"] | None = None,
        select: Annotated[list[str] | None, Query()] = None,
    ) -> list[dict[str, Any]]:
        """The runs of a thread, the newest first."""
        if status == "timeout":  # no run of ours ends in this way
            await self.agents.thread(thread_id)
            return []
        found, total = await self.agents.runs(thread_id, status=status, limit=limit, offset=offset)
        paged(response, offset + len(found), total)
        return [answers.selected(await self._answer(thread_id, run), select) for run in found]

    async def get(self, thread_id: str, run_id: str) -> dict[str, Any]:
        """One run."""
        return await self._answer(thread_id, await self._known(thread_id, run_id))

    async def join(self, thread_id: str, run_id: str, cancel_on_disconnect: bool = False) -> Response:
        """Wait for what a run comes to."""
        run = await self.agents.run(thread_id, as_run_id(run_id))
        place = f"/threads/{thread_id}/runs/{run_id}"
        headers = {"Location": f"{place}/join", "Content-Location": place}
        if run is None:
            return Response(_UNKNOWN, media_type="application/json", headers=headers)
        if run.status not in ("pending", "running"):
            return Response(
                await _outcome(self.agents, self.showing, thread_id, run), 200, headers, "application/json"
            )
        request = await self.agents.request(thread_id, run.sequence)
        viewing = self.showing.known(
            thread_id, run, request, modes=["values"], after=-1, cancels=cancel_on_disconnect
        )
        return self.showing.waiting(viewing, headers)

    async def join_stream(
        self,
        thread_id: str,
        run_id: str,
        stream_mode: Annotated[list[str] | None, Query()] = None,
        cancel_on_disconnect: bool = False,
        last_event_id: Annotated[str | None, Header()] = None,
    ) -> Response:
        """Stream a run from now on, or what came after an event."""
        after = event_number(last_event_id)
        run = await self.agents.run(thread_id, as_run_id(run_id))
        place = f"/threads/{thread_id}/runs/{run_id}"
        headers = {"Location": f"{place}/stream", "Content-Location": place}
        if run is None:
            return self.showing.sse(_unknown_run, headers)
        if after is None and run.status not in ("pending", "running"):
            return self.showing.sse(_nothing, headers)
        request = await self.agents.request(thread_id, run.sequence)
        modes = [mode for mode in stream_mode or () if mode]
        return self.showing.response(
            self.showing.known(
                thread_id, run, request, modes=modes, after=after, cancels=cancel_on_disconnect
            ),
            headers,
        )

    async def cancel(
        self,
        thread_id: str,
        run_id: str,
        wait: bool = False,
        action: Literal["interrupt", "rollback"] = "interrupt",
    ) -> Response:
        """Stop a run; `rollback` takes back what it did to the state as well."""
        run = await self._known(thread_id, run_id)
        try:
            await self.agents.inbox.cancel(
                checked(thread_id), rollback=action == "rollback", only={run.run_id}
            )
        except NotRunning:
            raise HTTPException(404, "Run not found or not in progress") from None
        bound = self.showing.settings.run_timeout if wait else CANCEL_SECONDS
        if not await self._is_yet_to_begin(thread_id, run):
            await self.showing.ended(thread_id, run, bound)
        place = f"/threads/{thread_id}/runs/{run_id}"
        headers = {"Location": f"{place}/join", "Content-Location": place}
        return JSONResponse({}, 200, headers) if wait else Response(status_code=202)

    async def delete(self, thread_id: str, run_id: str) -> Response:
        """Take a run out of the lists; what it did to the state stays."""
        run = await self._known(thread_id, run_id)
        if run.status in ("pending", "running"):
            with suppress(NotRunning):
                await self.agents.inbox.cancel(checked(thread_id), only={run.run_id})
            if not await self._is_yet_to_begin(thread_id, run):
                await self.showing.ended(thread_id, run, self.showing.settings.query_timeout)
        await self.agents.inbox.note(checked(thread_id), RunForgotten(run_id=run.run_id))
        return Response(status_code=204)


def router(runs: Runs) -> APIRouter:
    """The calls about the runs of a thread."""
    routes = APIRouter(
        tags=["langgraph"], prefix="/threads/{thread_id}/runs", responses=documented(404, 422, 503)
    )
    add = routes.add_api_route
    add("", runs.create, methods=["POST"], responses=documented(400, 409))
    add("/stream", runs.stream, methods=["POST"], responses=documented(400, 409))
    add("/wait", runs.wait, methods=["POST"], responses=documented(400, 409))
    add("", runs.listed, methods=["GET"])
    add("/{run_id}", runs.get, methods=["GET"])
    add("/{run_id}/join", runs.join, methods=["GET"])
    add("/{run_id}/stream", runs.join_stream, methods=["GET"])
    add("/{run_id}/cancel", runs.cancel, methods=["POST"])
    add("/{run_id}", runs.delete, methods=["DELETE"], status_code=204)
    return routes


async def _outcome(agents: Agents, showing: Showing, thread_id: str, run: RunRecord) -> str:
    """What a run that has ended came to."""
    if run.status == "error":
        return failed(run.error_kind or "", run.error or "")
    return await showing.values(await agents.thread(thread_id))


async def _unknown_run(frames: Gathering) -> None:
    await frames.send(
        b'event: error\r\ndata: {"error":"HTTPException","message":"404: Run not found"}\r\n\r\n'
    )


async def _nothing(_: Gathering) -> None:
    """A run that has ended has nothing more to say."""
