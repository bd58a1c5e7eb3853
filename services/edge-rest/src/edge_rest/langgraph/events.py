"""``/threads/{thread_id}/stream/events`` and ``commands``: all runs of a thread as one stream."""

from functools import partial
from typing import Any
from uuid import uuid4

from anyio.streams.memory import MemoryObjectSendStream
from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from pydantic_core import from_json

from contracts.envelope import Recorded
from contracts.events import ConversationStarted
from contracts.live import request_of
from edge_rest.errors import documented
from edge_rest.langgraph.agents import Agents, checked, owner
from edge_rest.langgraph.commands import Commands
from edge_rest.langgraph.requests import Requests
from edge_rest.langgraph.showing import Showing
from eventlog.turns.frames import following
from protocols.langgraph.events import NotUnderstood, Subscription, ThreadStream, with_state


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
    async def commands(thread_id: str, request: Request) -> JSONResponse:
        """Start a run, or answer a question."""
        command = await _body(request)
        if isinstance(command, dict) and command.get("method") == "subscription.subscribe":
            result = {"subscription_id": str(uuid4()), "replayed_events": 0}
            meta = {"applied_through_seq": 0}
            return JSONResponse({"type": "success", "id": command.get("id"), "result": result, "meta": meta})
        status, answer = await carry_out.answer(checked(thread_id), command)
        return JSONResponse(answer, status)

    return routes


async def _body(request: Request) -> Any:
    try:
        return from_json(await request.body())
    except ValueError:
        raise HTTPException(400, "Invalid JSON body") from None


async def _send(
    agents: Agents,
    showing: Showing,
    thread_id: str,
    wanted: Subscription,
    channel: MemoryObjectSendStream[bytes],
) -> None:
    start = await agents.inbox.standing(thread_id)
    begins = start.sequence if start else await agents.log.tail(thread_id) + 1
    after = max(begins, request_of(wanted.since)) - 1
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
                await channel.send(event.encode(text))


def _is_anothers(item: Recorded, user: str | None) -> bool:
    """Whether the thread has got an owner meanwhile who is somebody else."""
    event = item.event
    return isinstance(event, ConversationStarted) and event.owner not in (None, user)
