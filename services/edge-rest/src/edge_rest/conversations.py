"""``/api/conversations``: every conversation and its events, whatever protocol it came by."""

import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any, Final

import anyio
from anyio.streams.memory import MemoryObjectSendStream
from fastapi import APIRouter, Header, HTTPException, Query
from pydantic import BaseModel
from sse_starlette import EventSourceResponse
from starlette.responses import Response

from contracts import queries
from contracts.envelope import Recorded, format_time
from contracts.events.placeholder import Unread, Unrecognized
from contracts.live import Delta
from contracts.queries import Session
from contracts.subjects import InvalidKey, check_key
from edge_rest.errors import documented
from edge_rest.questions import Questions
from edge_rest.settings import EdgeSettings
from eventlog.live import Live
from eventlog.ports import Log, LogError
from eventlog.turns.inbox import Inbox

logger = logging.getLogger(__name__)

EVENT_STREAM: Final = "text/event-stream"
LISTED_AT_MOST: Final = 200
PAGE_EVENTS: Final = 500


class ConversationList(BaseModel):
    """A page of conversations, the one with the newest event first.

    Attributes:
        total: how many there are with these filters.
    """

    conversations: list[Session]
    total: int


class RecordedEvent(BaseModel):
    """One event as the log has it.

    Attributes:
        sequence: its position in the log, which ``after`` and ``Last-Event-ID`` take.
    """

    sequence: int
    id: str
    type: str
    occurred_at: str
    source: str
    data: dict[str, Any]

    @classmethod
    def of(cls, recorded: Recorded) -> "RecordedEvent":
        """The event of a recorded one; of what only a graph has a use for, without its contents."""
        event = recorded.event
        return cls(
            sequence=recorded.sequence,
            id=recorded.id,
            type=event.name if isinstance(event, Unread | Unrecognized) else event.type,
            occurred_at=format_time(recorded.occurred_at),
            source=recorded.source,
            data={} if isinstance(event, Unread) else event.model_dump(mode="json", exclude={"checkpoints"}),
        )


class EventPage(BaseModel):
    """Events in order.

    Attributes:
        more: whether there are further ones behind the last.
    """

    events: list[RecordedEvent]
    more: bool


def router(log: Log, live: Live, inbox: Inbox, questions: Questions, settings: EdgeSettings) -> APIRouter:
    """Lists, pages and streams; owners are checked by the log."""
    routes = APIRouter(prefix="/api/conversations", tags=["conversations"])

    @routes.get("")
    async def conversations(
        search: Annotated[str | None, Query(description="Part of the key or title", max_length=128)] = None,
        status: Annotated[queries.Status | None, Query()] = None,
        protocol: Annotated[str | None, Query(max_length=32)] = None,
        archived: Annotated[
            bool | None, Query(description="Only those in the archive, or the others")
        ] = None,
        limit: Annotated[int, Query(ge=1, le=LISTED_AT_MOST)] = 50,
        offset: Annotated[int, Query(ge=0, le=1 << 31)] = 0,
    ) -> ConversationList:
        """The conversations that the caller may see."""
        query = queries.SessionsQuery(
            search=search,
            status=status,
            protocol=protocol,
            archived=archived,
            limit=limit,
            offset=offset,
            at_least=await log.positions(),
        )
        page = await questions.sessions(query)
        return ConversationList(conversations=list(page.sessions), total=page.total)

    @routes.get("/{key:path}/events", response_model=EventPage, responses=documented(404, 503))
    async def events(
        key: str,
        after: Annotated[int, Query(description="Begin behind this sequence", ge=0)] = 0,
        limit: Annotated[int, Query(ge=1, le=PAGE_EVENTS)] = PAGE_EVENTS,
        accept: Annotated[str, Header()] = "",
        last_event_id: Annotated[str | None, Header()] = None,
    ) -> Response | EventPage:
        """The events of one conversation.

        With ``Accept: text/event-stream`` they go on coming: ``recorded`` events whose id is the sequence,
        and in between ``delta`` events, which are pieces of a reply in the making and have no id. They begin
        with those that are still kept: skip what you have, by ``run_id``, ``attempt`` and ``index``.
        """
        start = await _standing(inbox, key)
        if EVENT_STREAM in accept and last_event_id and last_event_id.isdecimal():
            after = int(last_event_id)
        after = max(after, start.sequence - 1)
        if EVENT_STREAM in accept:
            return _stream(log, live, key, after, settings)
        page: list[RecordedEvent] = []
        async for recorded in log.read(key, after=after):
            if len(page) == limit:
                return EventPage(events=page, more=True)
            page.append(RecordedEvent.of(recorded))
        return EventPage(events=page, more=False)

    return routes


async def _standing(inbox: Inbox, key: str) -> Recorded:
    try:
        start = await inbox.standing(check_key(key))
    except InvalidKey:
        start = None
    if start is None:
        raise HTTPException(404, f"conversation: there is no {key[:128]!r}")
    return start


def _stream(log: Log, live: Live, key: str, after: int, settings: EdgeSettings) -> EventSourceResponse:
    incoming, outgoing = anyio.create_memory_object_stream[dict[str, Any]]()
    return EventSourceResponse(
        outgoing,
        ping=settings.quote_heartbeat,
        sep="\n",
        send_timeout=settings.send_timeout,
        data_sender_callable=partial(_deliver, log, live, key, after, incoming),
    )


async def _deliver(
    log: Log, live: Live, key: str, after: int, channel: MemoryObjectSendStream[dict[str, Any]]
) -> None:
    """Runs as long as the client is there."""

    async def hear(deltas: AsyncIterator[Delta]) -> None:
        async for delta in deltas:
            await channel.send({"event": "delta", "data": delta.model_dump_json()})

    async with channel:
        try:
            async with (
                live.listen(key, replay=True) as deltas,
                log.follow(key, after=after) as events,
                anyio.create_task_group() as group,
            ):
                await channel.send({"event": "opened", "data": format_time(datetime.now(UTC))})
                group.start_soon(hear, deltas)
                async for recorded in events:
                    text = RecordedEvent.of(recorded).model_dump_json()
                    await channel.send({"event": "recorded", "id": str(recorded.sequence), "data": text})
        except* LogError as errors:
            logger.warning("the stream of %r ends: %s", key, errors.exceptions[0])
