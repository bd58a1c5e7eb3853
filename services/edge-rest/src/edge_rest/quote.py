"""The quote protocol: send, poll, stream. The conversations are `talks`."""

import logging
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any, Final

import anyio
from anyio.streams.memory import MemoryObjectSendStream
from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic_core import from_json
from sse_starlette import EventSourceResponse
from starlette.requests import ClientDisconnect

from access.ownership import NotYours, TooManyConversations
from contracts import queries
from edge_rest.errors import TooLarge
from edge_rest.settings import EdgeSettings
from edge_rest.talks import PROTOCOL, Talks, UnknownConversation
from eventlog.broker import Broker
from eventlog.ports import LogError
from eventlog.query import ask
from eventlog.turns.refusals import TooManyMessages
from protocols.quote.dialect import Numbered, ReplyStream
from protocols.quote.wire import (
    MISSING_FIELDS,
    NOT_FOUND,
    SERVER_ERROR,
    BadRequestError,
    ConversationName,
    ErrorResponse,
    HealthResponse,
    SendRequest,
    SendResponse,
    StatusResponse,
    parse_name,
    parse_send,
)

logger = logging.getLogger(__name__)

CHAT: Final = "/api/chat"
HEALTH: Final = "/api/health"
DRAIN_SECONDS: Final = 2.0
"""How long a stream may take to end whole when the server is told to go."""
STREAM_HEADERS: Final = {
    "Content-Type": "text/event-stream",  # exactly; the library would add a charset
    "Cache-Control": "no-cache",
    "Access-Control-Allow-Origin": "*",
}


class _Route(APIRoute):
    """Answers every error in the protocol's shape."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handle(request)
            except BadRequestError as error:
                return _error(400, error.message, error.code)
            except (UnknownConversation, NotYours):
                return _error(404, NOT_FOUND, "CONVERSATION_NOT_FOUND")
            except TooManyConversations as error:
                return _error(429, str(error), "too_many_conversations")
            except TooManyMessages as error:
                return _error(429, str(error), "too_many_messages")
            except LogError as error:
                logger.warning("%s %s: %s", request.method, request.url.path, error)
                return _error(500, SERVER_ERROR, "UNAVAILABLE")
            except Exception:
                logger.exception("%s %s", request.method, request.url.path)
                return _error(500, SERVER_ERROR, "INTERNAL")

        return answer


def _error(status: int, message: str, code: str) -> JSONResponse:
    return JSONResponse(ErrorResponse(error=message, code=code).body(), status)


def _described(*statuses: int) -> dict[int | str, dict[str, Any]]:
    meanings = {
        400: "A field or parameter is missing or wrong",
        404: "There is no such conversation",
        500: "The log is not available",
    }
    return {status: {"description": meanings[status], "model": ErrorResponse} for status in statuses}


def router(broker: Broker, talks: Talks, settings: EdgeSettings) -> APIRouter:
    """``/api/chat/send``, ``status`` and ``stream``, and ``/api/health``."""
    routes = APIRouter(tags=["quote"], route_class=_Route)

    @routes.post(
        f"{CHAT}/send",
        response_model=SendResponse,
        response_model_exclude_none=True,
        responses=_described(400, 404, 500),
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": SendRequest.model_json_schema()}},
            }
        },
    )
    async def send(request: Request) -> Response:
        """Say something; a talk's fourth message is answered with the quotation, if it is there in time."""
        message = parse_send(await _json(request))
        return JSONResponse((await talks.send(message, wait_seconds=settings.quote_wait)).body())

    @routes.get(f"{CHAT}/status", response_model=StatusResponse, responses=_described(400, 404, 500))
    async def status(request: Request) -> Response:
        """Where a conversation stands: its last reply, or that one is being made."""
        found = await talks.status(parse_name(request.query_params))
        return JSONResponse(found.model_dump())

    @routes.get(f"{CHAT}/stream", response_class=EventSourceResponse, responses=_described(400, 404, 500))
    async def stream(
        request: Request, last_event_id: Annotated[str | None, Header()] = None
    ) -> EventSourceResponse:
        """One whole reply as Server-Sent Events: the one in the making, else the last one."""
        name = parse_name(request.query_params)
        reply, after = await talks.begin(name, last_event_id)
        return _stream(talks, name, reply, after, settings)

    @routes.get(HEALTH, responses=_described(500))
    async def health() -> HealthResponse:
        """The service answers; how many conversations there are."""
        query = queries.SessionsQuery(protocol=PROTOCOL, limit=1)
        found = await ask(
            broker, queries.SESSIONS, query, queries.Sessions, timeout_seconds=settings.query_timeout
        )
        return HealthResponse(timestamp=datetime.now(UTC), activeConversations=found.total)

    return routes


async def _json(request: Request) -> object:
    try:
        body: object = from_json(await request.body())
    except TooLarge:
        raise BadRequestError(MISSING_FIELDS, "INVALID_CONTENT") from None
    except (ValueError, ClientDisconnect):
        raise BadRequestError(MISSING_FIELDS, "INVALID_JSON") from None
    return body


def _stream(
    talks: Talks, name: ConversationName, reply: ReplyStream, after: int, settings: EdgeSettings
) -> EventSourceResponse:
    incoming, outgoing = anyio.create_memory_object_stream[dict[str, Any]]()
    draining = anyio.Event()
    return EventSourceResponse(
        outgoing,
        headers=STREAM_HEADERS,
        ping=settings.quote_heartbeat,
        sep="\n",
        send_timeout=settings.send_timeout,
        shutdown_event=draining,
        shutdown_grace_period=DRAIN_SECONDS,
        data_sender_callable=partial(_deliver, talks, name, reply, after, incoming, settings, draining),
    )


async def _deliver(
    talks: Talks,
    name: ConversationName,
    reply: ReplyStream,
    after: int,
    channel: MemoryObjectSendStream[dict[str, Any]],
    settings: EdgeSettings,
    draining: anyio.Event,
) -> None:
    """Runs as long as the client is there; what ends early makes a browser come back with its last id."""

    async def send(numbered: Numbered) -> None:
        place, event = numbered
        await channel.send({"id": str(place), "data": event.model_dump_json()})

    async def end_with_the_server() -> None:
        await draining.wait()
        group.cancel_scope.cancel()

    async with channel, anyio.create_task_group() as group:
        group.start_soon(end_with_the_server)
        await channel.send({"retry": round(settings.quote_retry * 1000)})
        try:
            with anyio.move_on_after(settings.quote_stream_limit):
                await talks.deliver(name, reply, after, send)
        except* LogError as errors:
            logger.warning("the stream of %r ends: %s", name.key, errors.exceptions[0])
        group.cancel_scope.cancel()
