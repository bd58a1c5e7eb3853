"""Two forms of HTTP for every endpoint alike: HEAD is answered as GET, and redirects name no host.

A host and a scheme are the gateway's or a proxy's before it, which may tell them to nobody.
"""

from typing import Final
from urllib.parse import urlsplit

import anyio
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

REDIRECTS: Final = range(300, 400)


class Head:
    """Answers HEAD as GET without the body; a stream ends with its head."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        with anyio.CancelScope() as stream:

            async def without_body(message: Message) -> None:
                if message["type"] == "http.response.start":
                    await send(message)
                    await send({"type": "http.response.body", "body": b""})
                elif message.get("more_body"):
                    stream.cancel()

            await self._app({**scope, "method": "GET"}, receive, without_body)


class RelativeRedirects:
    """Takes scheme and host out of redirects to this server itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        host = dict(scope["headers"]).get(b"host", b"").decode("latin-1")

        async def relative(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] in REDIRECTS:
                headers = MutableHeaders(scope=message)
                to = urlsplit(headers.get("location", ""))
                if to.netloc == host:
                    path = "/" + to.path.lstrip("/")  # two slashes would begin a host
                    headers["location"] = to._replace(scheme="", netloc="", path=path).geturl()
            await send(message)

        await self._app(scope, receive, relative)
