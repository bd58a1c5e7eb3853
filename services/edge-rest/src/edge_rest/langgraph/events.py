"""``/threads/{thread_id}/stream/events``, ``commands`` and ``stream``: all runs of a thread as one stream."""

from functools import partial
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Header, HTTPException, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic_core import from_json

from contracts.envelope import Recorded
from contracts.events import ConversationDeleted, ConversationStarted, RunEvent, RunRequested, RunStarted
from contracts.live import request_of
from edge_rest.errors import documented
from edge_rest.gathering import Gathering
from edge_rest.langgraph.agents import Agents, checked, owner
from edge_rest.langgraph.commands import Commands
from edge_rest.langgraph.paging import IdempotencyKey, event_number
from edge_rest.langgraph.requests import Requests
from edge_rest.langgraph.showing import Showing
from eventlog.turns.frames import following
from protocols.langgraph.events import NotUnderstood, Subscription, ThreadStream, with_state
from protocols.langgraph.joined import JoinedThread, ThreadStreamMode


def router(agents: Agents, requests: Requests, showing: Showing) -> APIRouter:
    """The calls of thread-level streaming."""
    routes = APIRouter(tags=["langgraph"], prefix="/threads/{thread_id}", responses=documented(400, 503))
    carry_out = Commands(agents, requests)

    @routes.post("/stream/events")
    async def events(thread_id: str, request: Request) -> Response:
        """All runs of a thread, past, present and to come; it never ends by itself."""
        try:
            wanted = Subscription.of(await _body(request))
        except NotUnderstood as error:
            raise HTTPException(400, str(error)) from None
        await agents.inbox.standing(checked(thread_id))  # refuses what is another's before the stream begins
        return showing.sse(partial(_send, agents, showing, checked(thread_id), wanted))

    @routes.post("/commands")
    async def commands(
        thread_id: str, request: Request, idempotency_key: IdempotencyKey = None
    ) -> JSONResponse:
        """Start a run, or answer a question."""
        command = await _body(request)
        if isinstance(command, dict) and command.get("method") == "subscription.subscribe":
            result = {"subscription_id": str(uuid4()), "replayed_events": 0}
            meta = {"applied_through_seq": 0}
            return JSONResponse({"type": "success", "id": command.get("id"), "result": result, "meta": meta})
        status, answer = await carry_out.answer(checked(thread_id), command, key=idempotency_key)
        return JSONResponse(answer, status)

    @routes.get("/stream", responses=documented(404, 422))
    async def joined(
        thread_id: str,
        stream_mode: Annotated[list[ThreadStreamMode] | None, Query()] = None,
        stream_modes: Annotated[list[ThreadStreamMode] | None, Query()] = None,
        last_event_id: Annotated[str | None, Header()] = None,
    ) -> Response:
        """The runs of a thread from now on, or what came after an event; it never ends by itself."""
        modes = [*(stream_mode or ()), *(stream_modes or ())] or ["run_modes"]
        after = event_number(last_event_id)
        record = await agents.thread(thread_id)
        behind = await (agents.log.tail(record.key) if after is None else _behind(agents, record.key, after))
        thread = JoinedThread(modes, -1 if after is None else after)
        joining = after is None
        return showing.sse(partial(_join, agents, showing, record.key, thread, behind, joining))

    return routes


async def _body(request: Request) -> Any:
    try:
        return from_json(await request.body())
    except ValueError:
        raise HTTPException(400, "Invalid JSON body") from None


async def _join(
    agents: Agents,
    showing: Showing,
    thread_id: str,
    thread: JoinedThread,
    behind: int,
    joining: bool,
    frames: Gathering,
) -> None:
    log = agents.log

    async def begin(event: RunStarted) -> None:
        found = await agents.request(thread_id, event.message_sequence)
        asked = found.event if found else None
        thread.begin(event, asked if isinstance(asked, RunRequested) else None)

    newest = await log.last(thread_id, RunStarted.type) if joining else None
    if newest and newest.sequence <= behind and isinstance(newest.event, RunStarted):
        await begin(newest.event)
    async with following(log, showing.live, thread_id, after=behind, joining=joining) as items:
        async for item in items:
            if isinstance(item, Recorded):
                if isinstance(item.event, ConversationDeleted):
                    return
                if isinstance(item.event, RunStarted) and not thread.knows(item.event.run_id):
                    await begin(item.event)
            for sent in thread.feed(item):
                data = sent.data
                if data is None and isinstance(item, Recorded) and isinstance(item.event, RunEvent):
                    data = await agents.values_of(thread_id, item.event.run_id)
                await frames.send(sent.encode(numbered=True, data=data))


async def _send(
    agents: Agents,
    showing: Showing,
    thread_id: str,
    wanted: Subscription,
    frames: Gathering,
) -> None:
    after = await _behind(agents, thread_id, wanted.since)
    stream, user = ThreadStream(), await owner()
    async with following(agents.log, showing.live, thread_id, after=after) as items:
        async for item in items:
            if isinstance(item, Recorded) and _is_anothers(item, user):
                return
            for event in stream.feed(item):
                if not wanted.wants(event):
                    continue
                text = event.text
                if event.state_of:
                    text = with_state(event, await agents.values_of(thread_id, event.state_of))
                await frames.send(event.encode(text))


async def _behind(agents: Agents, thread_id: str, event: int) -> int:
    """The sequence behind which an event's run begins; for an earlier one, the thread."""
    start = await agents.inbox.standing(thread_id)
    begins = start.sequence if start else await agents.log.tail(thread_id) + 1
    return max(begins, request_of(max(event, 0))) - 1


def _is_anothers(item: Recorded, user: str | None) -> bool:
    """Whether the thread has got an owner meanwhile who is somebody else."""
    event = item.event
    return isinstance(event, ConversationStarted) and event.owner not in (None, user)
