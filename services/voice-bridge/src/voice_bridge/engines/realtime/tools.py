"""The tools that a model of the Realtime API asks for: called side by side, and told of all at once."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine, Sequence

from voice_bridge.engines.realtime.model import RESPOND, ClientEvent, refusal, tool_output
from voice_bridge.engines.realtime.outcomes import ToolRequest
from voice_bridge.engines.realtime.upstream import Upstream
from voice_bridge.ports import CallTool, EngineError


class Calls:
    """The calls that are under way in one session."""

    def __init__(
        self,
        call_tool: CallTool,
        send: Callable[[ClientEvent], Awaitable[None]],
        is_present: Callable[[Upstream], bool],
    ) -> None:
        """`is_present` tells whether an upstream session is still the one in use."""
        self._call_tool = call_tool
        self._send = send
        self._is_present = is_present
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def are_open(self) -> bool:
        """Whether anything is under way."""
        return bool(self._tasks)

    def call(self, requests: Sequence[ToolRequest], upstream: Upstream) -> None:
        """Call what one response asked for, and have the model go on once it knows all that came of it."""
        self._start(self._call_all(requests, upstream))

    def refuse(self, request_id: str, upstream: Upstream) -> None:
        """Refuse what needs an approval that nobody can give."""
        self._start(self._refuse(request_id, upstream))

    async def close(self) -> None:
        """Give up what is under way."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _refuse(self, request_id: str, upstream: Upstream) -> None:
        if self._is_present(upstream):
            await self._send(refusal(request_id))
            await self._send(RESPOND)

    async def _call_all(self, requests: Sequence[ToolRequest], upstream: Upstream) -> None:
        await asyncio.gather(*(self._call(request, upstream) for request in requests))
        if self._is_present(upstream) and upstream.reply == requests[0].reply:
            await self._send(RESPOND)

    async def _call(self, request: ToolRequest, upstream: Upstream) -> None:
        try:
            arguments = json.loads(request.arguments or "{}")
            if not isinstance(arguments, dict):
                raise EngineError("the arguments are no object")
            output = await self._call_tool(request.call_id, request.name, arguments)
        except (EngineError, ValueError) as error:
            output = f"error: {error}"
        if not self._is_present(upstream):
            return  # a fresh session knows nothing of the call, and answers the user's turn anew
        await self._send(tool_output(request.call_id, output))
