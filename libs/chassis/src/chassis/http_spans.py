"""HTTP requests as the beginnings of traces, or as parts of their clients' traces."""

from collections.abc import MutableMapping
from typing import Any, Final

from faststream.asgi.types import ASGIApp, Receive, Scope, Send
from opentelemetry import context, propagate

from chassis import conventions as names
from chassis.telemetry import TRACING

_INTERNAL: Final = frozenset(("/livez", "/readyz", "/metrics", "/health", "/api/health"))


class Traced:
    """ASGI middleware: a span for each request.

    A WebSocket has none, since it may be open for days: each of its messages begins a span where it is
    received, under the client's own if the handshake named one.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["path"] in _INTERNAL:
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        token = context.attach(propagate.extract(headers))
        try:
            if scope["type"] == "http":
                await self._request(scope, receive, send)
            else:
                await self._app(scope, receive, send)
        finally:
            context.detach(token)

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = scope["method"]
        with TRACING.span(method, "server", {names.HTTP_METHOD: method}) as span:

            async def observed(message: MutableMapping[str, Any]) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute(names.HTTP_STATUS, message["status"])
                    if route := getattr(scope.get("route"), "path", None):
                        span.update_name(f"{method} {route}")
                        span.set_attribute(names.HTTP_ROUTE, route)
                await send(message)

            await self._app(scope, receive, observed)
