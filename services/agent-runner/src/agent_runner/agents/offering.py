"""The agent's tools for a model that is not the agent's own: told on request, called on request, logged.

A speech engine's model calls them. As in the `chat` graph, tools that commit the user are left out.
"""

import asyncio
from collections.abc import Iterable
from typing import Final

from faststream import ExceptionMiddleware
from faststream.nats import NatsRouter
from langchain_core.messages import ToolCall, ToolMessage
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from agent_runner.engine.effects import EFFECTS, Facts, commits
from agent_runner.engine.steps import called
from contracts import subjects
from contracts.envelope import Recorded
from contracts.events import VoiceToolCalled, VoiceToolReturned
from contracts.queries import Failure
from contracts.tools import (
    CALL_TOOL,
    OFFERED_TOOLS,
    CallTool,
    OfferedTool,
    OfferedTools,
    OfferedToolsQuery,
    ToolOutcome,
)
from eventlog.author import Author
from eventlog.ports import Log, LogError
from eventlog.turns.inbox import Inbox
from eventlog.turns.refusals import Missing

QUEUE: Final = "agent-runner"


class Offer:
    """The tools that others may call."""

    def __init__(
        self, log: Log, author: Author, tools: Iterable[BaseTool], *, timeout_seconds: float
    ) -> None:
        """`timeout_seconds` is how long a call may take."""
        self._log = log
        self._inbox = Inbox(log, author)
        self._tools = {tool.name: tool for tool in tools if not commits(tool)}
        self._timeout = timeout_seconds

    def tools(self) -> OfferedTools:
        """See `OfferedTools`."""
        return OfferedTools(tools=tuple(map(_described, self._tools.values())))

    async def call(self, request: CallTool) -> ToolOutcome:
        """See `CallTool`. What was called before but has not returned is called again, by the same id.

        Raises:
            Missing: if there is no such conversation.
            LogError: if the log does not answer.
        """
        start = await self._inbox.standing(request.conversation)
        if start is None:
            raise Missing
        if known := await self._returned(start, request.call_id):
            return ToolOutcome(output=known.output, failed=known.failed)
        intent = VoiceToolCalled(call_id=request.call_id, tool=request.tool, arguments=request.arguments)
        await self._inbox.note(request.conversation, intent)
        facts = Facts(self._log, request.conversation, start.sequence)
        EFFECTS.set(facts)
        outcome = await self._outcome(request)
        step = called(request.tool, request.arguments, outcome.output, failed=outcome.failed)
        returned = VoiceToolReturned(
            call_id=request.call_id, output=outcome.output, failed=outcome.failed, steps=(step,)
        )
        await self._inbox.note(request.conversation, *([] if outcome.failed else facts.recorded), returned)
        return outcome

    async def _outcome(self, request: CallTool) -> ToolOutcome:
        tool = self._tools.get(request.tool)
        if tool is None:
            return ToolOutcome(output=f"there is no tool {request.tool!r}", failed=True)
        call = ToolCall(name=tool.name, args=request.arguments, id=request.call_id, type="tool_call")
        try:
            async with asyncio.timeout(self._timeout):
                message = await tool.ainvoke(call)
        except Exception as error:  # noqa: BLE001 - whatever a tool raises is the call's outcome, told to the model
            return ToolOutcome(output=f"{error}" or type(error).__name__, failed=True)
        if isinstance(message, ToolMessage):
            return ToolOutcome(output=message.text, failed=message.status == "error")
        return ToolOutcome(output=str(message))

    async def _returned(self, start: Recorded, call_id: str) -> VoiceToolReturned | None:
        returned = self._log.read(start.conversation, after=start.sequence, pattern=VoiceToolReturned.type)
        async for recorded in returned:
            if isinstance(recorded.event, VoiceToolReturned) and recorded.event.call_id == call_id:
                return recorded.event
        return None


def _described(tool: BaseTool) -> OfferedTool:
    function = convert_to_openai_tool(tool)["function"]
    return OfferedTool(
        name=function["name"],
        description=function.get("description", ""),
        parameters=function.get("parameters") or {"type": "object", "properties": {}},
    )


def _unavailable(error: Exception) -> Failure:
    return Failure(failure="internal", message=f"{error}" or type(error).__name__)


def _missing(_: Exception) -> Failure:
    return Failure(failure="invalid", message="there is no such conversation")


def router(offer: Offer, concurrent_calls: int) -> NatsRouter:
    """A subscriber for each question; replicas share them."""
    failures = ExceptionMiddleware(publish_handlers={LogError: _unavailable, Missing: _missing})
    routes = NatsRouter(middlewares=[failures])

    @routes.subscriber(subjects.query(OFFERED_TOOLS), queue=QUEUE, title="OfferedTools")
    async def offered(_: OfferedToolsQuery) -> OfferedTools:
        """Tells which tools there are."""
        return offer.tools()

    @routes.subscriber(subjects.query(CALL_TOOL), queue=QUEUE, max_workers=concurrent_calls, title="CallTool")
    async def call(request: CallTool) -> ToolOutcome:
        """Calls a tool."""
        return await offer.call(request)

    return routes
