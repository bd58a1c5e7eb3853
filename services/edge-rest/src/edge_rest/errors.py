"""Errors as ``{"detail": "…"}``, and the bound on request bodies."""

import logging
from collections.abc import Sequence
from typing import Any, Final

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from access.ownership import NotYours, TooManyConversations
from eventlog.ports import LogError
from eventlog.turns.refusals import TooManyMessages
from protocols.doors import DOORS, body, destination
from protocols.octo.bodies import ErrorBody

logger = logging.getLogger(__name__)

DROPPED_AT_MOST = 16
"""How many times the limit is read of a body that is too large."""

_EXAMPLES: Final = {
    400: ("The session is not waiting", "Session is not waiting for human input"),
    403: ("It is not for you", "a token with the scope parley.operator is needed"),
    404: ("There is no such session", "Session not found: thread_0e06AFuOYA0wXyZ1"),
    409: ("The session is in no state for this", "Session has no run in progress"),
    413: ("The body is too large", "body: must be at most 1048576 bytes"),
    422: ("What is wrong, and in which field", "message: Input should be a valid string"),
    500: ("The run failed", "Error processing chat: the run took too long"),
    503: ("A part that is needed is down", "the service is not available, try again"),
    504: ("The run goes on, but has not ended in time", "the run has not ended within 600 seconds"),
}


def documented(*codes: int) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI responses of these status codes."""
    return {
        code: {
            "model": ErrorBody,
            "description": _EXAMPLES[code][0],
            "content": {"application/json": {"example": {"detail": _EXAMPLES[code][1]}}},
        }
        for code in codes
    }


def described(errors: Sequence[Any]) -> str:
    """The first validation error in one line that names the field."""
    first = errors[0]
    if first["type"] == "json_invalid":
        return f"body: is not JSON: {first['ctx']['error']}"
    place = [str(part) for part in first["loc"] if part not in {"body", "query", "path", "header"}]
    field = ".".join(place) or "body"
    return f"{field}: {first['msg']}"


def install(app: FastAPI) -> None:
    """Answer every error in this shape."""

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        return JSONResponse({"detail": described(error.errors())}, 422)

    @app.exception_handler(NotYours)
    async def forbidden(request: Request, error: NotYours) -> JSONResponse:
        if DOORS[destination(request.url.path, {}, websocket=False).protocol].hidden:
            return JSONResponse({"detail": "Not Found"}, 404)
        return _shaped(request, 403, str(error), "forbidden")

    @app.exception_handler(TooManyConversations)
    async def too_many(request: Request, error: TooManyConversations) -> JSONResponse:
        return _shaped(request, 429, str(error), "too_many_conversations", {"Retry-After": "60"})

    @app.exception_handler(TooManyMessages)
    async def too_many_messages(request: Request, error: TooManyMessages) -> JSONResponse:
        return _shaped(request, 429, str(error), "too_many_messages", {"Retry-After": "1"})

    @app.exception_handler(LogError)
    async def unavailable(_: Request, error: LogError) -> JSONResponse:
        logger.warning("%s", error)
        return JSONResponse({"detail": "the service is not available, try again"}, 503, {"Retry-After": "1"})


def _shaped(
    request: Request, status: int, reason: str, code: str, headers: dict[str, str] | None = None
) -> JSONResponse:
    to = destination(request.url.path, {}, websocket=False)
    return JSONResponse(body(to, reason, code), status, headers)


class TooLarge(HTTPException):
    """The request's body is larger than is allowed; met by whoever reads the body."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__(413, f"body: must be at most {max_bytes} bytes")


class BodyLimit:
    """Ends the reading of request bodies above a size, whether or not their length was announced."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        too_large = announced.isdigit() and int(announced) > self._max
        received = 0

        async def bounded() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if not too_large and received <= self._max:
                return message
            # A client that is still sending would not read the refusal, so some more is read and dropped.
            while message.get("more_body") and received < DROPPED_AT_MOST * self._max:
                message = await receive()
                received += len(message.get("body", b""))
            raise TooLarge(self._max)

        await self._app(scope, bounded, send)
