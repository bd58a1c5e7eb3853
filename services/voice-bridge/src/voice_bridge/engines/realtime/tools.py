"""The tools that a model of the Realtime API asks for: called side by side, and told of all at once."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence

from voice_bridge.engines.realtime.model import RESPOND, ClientEvent, refusal, tool_output
from voice_bridge.engines.realtime.outcomes import ApprovalRequest, ToolRequest
from voice_bridge.engines.realtime.upstream import Upstream
from voice_bridge.ports import CallTool, EngineError

logger = logging.getLogger(__name__)


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

    def answer(self, requests: Sequence[ToolRequest | ApprovalRequest], upstream: Upstream) -> None:
        """Do what one response asked for, and have the model go on once it knows all that came of it.

        What needs an approval is refused: nobody can give one.
        """
        self._start(self._answer_all(requests, upstream))

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

    async def _answer_all(
        self, requests: Sequence[ToolRequest | ApprovalRequest], upstream: Upstream
    ) -> None:
        await asyncio.gather(*(self._answer(request, upstream) for request in requests))
        if self._is_present(upstream) and upstream.reply == requests[0].reply:
            await self._send(RESPOND)

    async def _answer(self, request: ToolRequest | ApprovalRequest, upstream: Upstream) -> None:
        if isinstance(request, ApprovalRequest):
            event = refusal(request.request_id)
        else:
            event = tool_output(request.call_id, await self._result(request))
        if self._is_present(upstream):  # a fresh session knows nothing of it, and answers the turn anew
            await self._send(event)

    async def _result(self, request: ToolRequest) -> str:
        try:
            arguments = json.loads(request.arguments or "{}")
            if not isinstance(arguments, dict):
                raise EngineError("the arguments are no object")
            return await self._call_tool(request.call_id, request.name, arguments)
        except (EngineError, TypeError, ValueError) as error:
            return f"error: {error}"
        except Exception:
            logger.exception("the call of %s failed", request.name)
            return "error: the tool failed"
