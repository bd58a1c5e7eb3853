"""Graphs as tools of the Model Context Protocol, stateless, over Streamable HTTP.

A call is a run on a thread: a new one, or one that the caller names. A question that the graph asks is the
answer of the call, and a second call with `answer` goes on.
"""

import json
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from fastapi import HTTPException
from mcp import types
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.types import ASGIApp

from contracts.events import RunCompleted, RunFailed, RunInterrupted
from edge_rest.langgraph import Runner
from edge_rest.langgraph.agents import owner
from edge_rest.langgraph.paging import KEY_LENGTH, derived
from edge_rest.langgraph.showing import Viewing
from protocols.langgraph.events import questions_of
from protocols.langgraph.wire import RunCreate

_TEXT: Final = {"type": "string"}
_INPUT: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "message": {**_TEXT, "description": "What to say to the agent"},
        "thread_id": {**_TEXT, "description": "The conversation to go on with, a UUID; a new one without it"},
        "answer": {"description": "The answer to the question that the conversation waits for"},
    },
    "additionalProperties": False,
}
_OUTPUT: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "answer": {**_TEXT, "description": "What the agent said"},
        "thread_id": _TEXT,
        "questions": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"interrupt_id": _TEXT, "value": {}},
                "required": ["interrupt_id", "value"],
            },
            "description": "What the agent asks; it goes on when it is called again with an answer",
        },
    },
    "required": ["answer", "thread_id"],
}


@dataclass(frozen=True, slots=True)
class Tools:
    """The graphs as tools."""

    runner: Runner

    async def listed(self) -> list[types.Tool]:
        """A tool for each graph."""
        return [
            types.Tool(
                name=name,
                description=f"Talk to the agent {name!r}; it may ask back before it acts.",
                inputSchema=_INPUT,
                outputSchema=_OUTPUT,
            )
            for name in (await self.runner.agents.graphs()).names
        ]

    async def call(self, name: str, arguments: dict[str, Any], context: Any) -> types.CallToolResult:
        """Run a graph, and tell what it said or asks."""
        try:
            viewing = await self._ask(name, arguments, _key_of(context.request))
        except HTTPException as error:
            return _failed(str(error.detail))
        progress = context.meta.progressToken if context.meta else None
        said = 0
        async with aclosing(self.runner.showing.events(viewing)) as events:
            async for sent in events:
                if progress is None or sent.event != "messages" or sent.data is None:
                    continue
                if piece := _piece(sent.data):
                    said += 1
                    await context.session.send_progress_notification(
                        progress, said, message=piece, related_request_id=str(context.request_id)
                    )
        return _told(viewing)

    async def _ask(self, name: str, arguments: dict[str, Any], key: str | None) -> Viewing:
        thread_id = arguments.get("thread_id")
        if not thread_id:
            thread_id = derived(await owner(), key, "tool") if key else str(uuid4())
        if "answer" in arguments:
            given: dict[str, Any] = {"command": {"resume": arguments["answer"]}, "strict_resume": True}
        elif arguments.get("message"):
            given = {"input": {"messages": [{"type": "human", "content": arguments["message"]}]}}
        else:
            raise HTTPException(422, "message: is needed, or an answer with its thread_id")
        body = RunCreate(assistant_id=name, stream_mode=["messages-tuple"], **given)
        asked = await self.runner.requests.ask(
            str(thread_id), body, key=key, create="answer" not in arguments
        )
        return self.runner.showing.asked(asked)


@asynccontextmanager
async def serving(runner: Runner) -> AsyncIterator[ASGIApp]:
    """What answers, while the context is open. The edge has its own guard of hosts."""
    tools = Tools(runner)
    server: Server[Any, Any] = Server("parley")

    async def call(name: str, arguments: dict[str, Any]) -> types.CallToolResult:
        return await tools.call(name, arguments, server.request_context)

    server.list_tools()(tools.listed)  # type: ignore[no-untyped-call]  # as the library has it
    server.call_tool()(call)
    manager = StreamableHTTPSessionManager(server, stateless=True)
    async with manager.run():
        yield manager.handle_request


def _told(viewing: Viewing) -> types.CallToolResult:
    end, thread_id = viewing.stream.end, viewing.thread_id
    match end:
        case RunFailed(error=error):
            return _failed(error)
        case RunCompleted(text=text):
            return _result(text, {"answer": text, "thread_id": thread_id})
        case RunInterrupted():
            asked = [{"interrupt_id": one, "value": value} for one, value in questions_of(end)]
            text = "\n\n".join(each.question for each in end.questions)
            return _result(text, {"answer": text, "thread_id": thread_id, "questions": asked})
        case _:
            return _failed("the run was cancelled")


def _key_of(request: Any) -> str | None:
    """What makes a call known when it comes again."""
    key: str | None = request.headers.get("Idempotency-Key")
    if key is not None and not 0 < len(key) <= KEY_LENGTH:
        raise HTTPException(422, f"Idempotency-Key: must have 1 to {KEY_LENGTH} characters")
    return key


def _piece(data: str) -> str:
    """What a chunk of a message says; empty for what is none."""
    message, _ = json.loads(data)
    content = message["content"] if message["type"] == "AIMessageChunk" else ""
    return content if isinstance(content, str) else ""


def _result(text: str, structured: dict[str, Any]) -> types.CallToolResult:
    return types.CallToolResult(
        content=[types.TextContent(type="text", text=text)], structuredContent=structured
    )


def _failed(reason: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=reason)], isError=True)
