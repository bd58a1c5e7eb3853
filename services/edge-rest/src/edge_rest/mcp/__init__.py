"""``/mcp``, whose library, 10 MB, is loaded with the first request; `tools` is what it answers."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from edge_rest.langgraph import Runner

PATH: Final = "/mcp"


class Endpoint:
    """The ASGI endpoint. It answers while its context is open."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._asked = asyncio.Event()
        self._answering: asyncio.Future[ASGIApp] = asyncio.get_running_loop().create_future()

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """The context."""
        async with asyncio.TaskGroup() as tasks:
            serving = tasks.create_task(self._serve())
            yield
            serving.cancel()

    async def _serve(self) -> None:
        await self._asked.wait()
        serving = await asyncio.to_thread(_loaded)
        async with serving(self._runner) as answering:
            self._answering.set_result(answering)
            await asyncio.Event().wait()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        self._asked.set()
        answering = await asyncio.shield(self._answering)
        await answering(scope, receive, send)


def _loaded() -> Callable[[Runner], AbstractAsyncContextManager[ASGIApp]]:
    from edge_rest.mcp.tools import serving

    return serving
