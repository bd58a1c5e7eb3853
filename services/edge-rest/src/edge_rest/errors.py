"""Errors as ``{"detail": "…"}``, and the bound on request bodies."""

import logging
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from access.ownership import NotYours, TooManyConversations
from access.shapes import body, destination
from eventlog.ports import LogError

logger = logging.getLogger(__name__)


def described(errors: Sequence[Any]) -> str:
    """The first validation error in one line that names the field."""
    first = errors[0]
    place = [str(part) for part in first["loc"] if part not in {"body", "query", "path"}]
    field = ".".join(place) or "body"
    return f"{field}: {first['msg']}"


def install(app: FastAPI) -> None:
    """Answer every error in this shape."""

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        return JSONResponse({"detail": described(error.errors())}, 422)

    @app.exception_handler(NotYours)
    async def forbidden(request: Request, error: NotYours) -> JSONResponse:
        return _shaped(request, 403, str(error), "forbidden")

    @app.exception_handler(TooManyConversations)
    async def too_many(request: Request, error: TooManyConversations) -> JSONResponse:
        return _shaped(request, 429, str(error), "too_many_conversations", {"Retry-After": "60"})

    @app.exception_handler(LogError)
    async def unavailable(_: Request, error: LogError) -> JSONResponse:
        logger.warning("%s", error)
        return JSONResponse({"detail": "the service is not available, try again"}, 503, {"Retry-After": "1"})


def _shaped(
    request: Request, status: int, reason: str, code: str, headers: dict[str, str] | None = None
) -> JSONResponse:
    protocol = destination(request.url.path, {}, websocket=False).protocol
    return JSONResponse(body(protocol, reason, code), status, headers)


class BodyLimit:
    """Refuses request bodies above a size with 413, whether or not their length was announced."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > self._max:
            await self._refuse(scope, receive, send)
            return
        received = 0

        async def bounded() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._max:
                raise _TooLarge
            return message

        try:
            await self._app(scope, bounded, send)
        except _TooLarge:
            await self._refuse(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = JSONResponse({"detail": f"body: must be at most {self._max} bytes"}, 413)
        await refusal(scope, receive, send)


class _TooLarge(Exception):
    pass
