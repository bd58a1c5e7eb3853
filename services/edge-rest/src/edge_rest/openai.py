"""``/v1/models`` and ``/v1/chat/completions``: a graph as a model of OpenAI's API.

A request is a run of its own over the messages that it brings, and nothing is kept; one that names a thread
goes on with that, of which its last message alone is new.
"""

import json
import logging
import time
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Header, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute

from access.ownership import NotYours
from contracts.events import RunCompleted, RunFailed, RunInterrupted
from edge_rest.errors import described
from edge_rest.gathering import Gathering
from edge_rest.langgraph.agents import Agents
from edge_rest.langgraph.paging import IdempotencyKey, KeyReused
from edge_rest.langgraph.requests import Asked, Requests
from edge_rest.langgraph.showing import Showing, Viewing
from eventlog.ports import LogError
from protocols.langgraph.wire import RunCreate
from protocols.openai import wire
from protocols.openai.wire import ChatRequest

logger = logging.getLogger(__name__)

_KINDS = {404: "not_found_error", 429: "rate_limit_error"}


class _Route(APIRoute):
    """Answers every error in the protocol's shape."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError as error:
                told = described(error.errors())
                return JSONResponse(wire.failure(told, param=told.partition(":")[0]), 400)
            except KeyReused as error:
                param, code = "Idempotency-Key", "idempotency_key_reused"
                return JSONResponse(wire.failure(str(error.detail), param=param, code=code), 422)
            except HTTPException as error:
                kind = _KINDS.get(error.status_code, "invalid_request_error")
                return JSONResponse(wire.failure(str(error.detail), kind=kind), error.status_code)
            except NotYours:
                return JSONResponse(wire.failure("there is no such thread", kind="not_found_error"), 404)
            except LogError as error:
                logger.warning("%s %s: %s", request.method, request.url.path, error)
                told = "the service is not available, try again"
                return JSONResponse(wire.failure(told, kind="server_error"), 503)

        return answer


@dataclass(slots=True)
class _Told:
    """What a run has said so far.

    Attributes:
        sent: whether any text of it was passed on.
    """

    usage: list[dict[str, Any]] = field(default_factory=list)
    streamed: set[str] = field(default_factory=set)
    sent: bool = False


@dataclass(frozen=True, slots=True)
class Completions:
    """What may be asked; each public method is one call."""

    agents: Agents
    requests: Requests
    showing: Showing

    async def models(self) -> dict[str, Any]:
        """The graphs that are served, as models."""
        return wire.models((await self.agents.graphs()).names)

    async def model(self, name: str) -> dict[str, Any]:
        """One of them."""
        return wire.model(await self._graph(name))

    async def complete(
        self,
        body: ChatRequest,
        x_thread_id: Annotated[str | None, Header(max_length=128)] = None,
        idempotency_key: IdempotencyKey = None,
    ) -> Response:
        """An answer to the messages, whole or as it is made."""
        if refusal := body.refusal():
            param, why = refusal
            return JSONResponse(wire.failure(f"{param}: {why}", param=param, code="unsupported_value"), 400)
        graph = await self._graph(body.model)
        thread_id = x_thread_id or (body.metadata or {}).get("thread_id")
        asked = await self._ask(graph, body, thread_id, idempotency_key)
        created = await self._created(asked) if idempotency_key else int(time.time())
        # Who has a key comes again if it is cut off, and wants the answer then.
        viewing = self.showing.asked(asked, cancels=thread_id is None and idempotency_key is None)
        headers = {"X-Thread-Id": viewing.thread_id} if thread_id else {}
        if body.stream:
            return self.showing.sse(partial(self._stream, body, viewing, created), headers)
        return await self._whole(body, viewing, created, headers)

    async def _graph(self, name: str) -> str:
        if name not in (await self.agents.graphs()).names:
            raise HTTPException(404, f"The model {name!r} does not exist")
        return name

    async def _ask(self, graph: str, body: ChatRequest, thread_id: str | None, key: str | None) -> Asked:
        asked: dict[str, Any] = {"assistant_id": graph, "stream_mode": ["messages-tuple"]}
        if thread_id is None:
            messages = [message.as_input() for message in body.messages]
            request = RunCreate(**asked, input={"messages": messages})
            return await self.requests.ask_alone(request, key, "completion")
        last = body.messages[-1]
        says = RunCreate(**asked, input={"messages": [last.as_input()]})
        answers = RunCreate(**asked, command={"resume": last.text})
        waits = await self.agents.inbox.standing(thread_id) is not None and await self._waits(thread_id)
        either = (answers, says) if waits else (says, answers)
        return await self.requests.ask_either(thread_id, *either, key=key, create=True)

    async def _created(self, asked: Asked) -> int:
        """When a run was asked for, in seconds since 1970; however often it is."""
        request = await self.agents.request(asked.thread_id, asked.receipt.sequence)
        return int(request.occurred_at.timestamp() if request else time.time())

    async def _waits(self, thread_id: str) -> bool:
        state = await self.agents.state(await self.agents.thread(thread_id))
        return bool(state and state["interrupts"])

    async def _whole(
        self, body: ChatRequest, viewing: Viewing, created: int, headers: dict[str, str]
    ) -> Response:
        told = _Told()
        async with aclosing(self._texts(viewing, told)) as texts:
            async for _ in texts:
                pass
        end = viewing.stream.end
        if isinstance(end, RunFailed):
            return JSONResponse(wire.failure(end.error, kind="server_error", code=end.code), 500, headers)
        answer = wire.completion(
            viewing.stream.run_id, created, body.model, _answer(end), wire.usage_of(told.usage)
        )
        return JSONResponse(answer, headers=headers)

    async def _stream(self, body: ChatRequest, viewing: Viewing, created: int, frames: Gathering) -> None:
        told = _Told()
        piece = partial(wire.chunk, viewing.stream.run_id, created, body.model)
        await frames.send(_data(piece({"role": "assistant", "content": ""})))
        try:
            async with aclosing(self._texts(viewing, told)) as texts:
                async for text in texts:
                    await frames.send(_data(piece({"content": text})))
        finally:
            self.showing.left(viewing)
        end = viewing.stream.end
        if isinstance(end, RunFailed):
            await frames.send(_data(wire.failure(end.error, kind="server_error", code=end.code)))
            return
        if isinstance(end, RunInterrupted) or not told.sent:
            await frames.send(_data(piece({"content": _answer(end)})))
        await frames.send(_data(piece({}, ends=True)))
        usage = wire.usage_of(told.usage)
        if usage and body.stream_options and body.stream_options.include_usage:
            await frames.send(_data({**piece(None), "usage": usage}))
        await frames.send(b"data: [DONE]\r\n\r\n")

    async def _texts(self, viewing: Viewing, told: _Told) -> AsyncGenerator[str, None]:
        """What the graph's models say, as they say it."""
        async with aclosing(self.showing.events(viewing)) as events:
            async for sent in events:
                if sent.event != "messages" or sent.data is None:
                    continue
                message, _ = json.loads(sent.data)
                if usage := message.get("usage_metadata"):
                    told.usage.append(usage)
                is_chunk = message["type"] == "AIMessageChunk"
                if is_chunk:
                    told.streamed.add(message["id"])
                elif message["type"] != "ai" or message["id"] in told.streamed:
                    continue
                if text := _text_of(message["content"]):
                    told.sent = True
                    yield text


def router(completions: Completions) -> APIRouter:
    """The calls of OpenAI's API."""
    routes = APIRouter(tags=["openai"], prefix="/v1", route_class=_Route)
    responses: dict[int | str, dict[str, Any]] = {
        code: {"description": "What is wrong"} for code in (400, 404, 422, 503)
    }
    add = partial(routes.add_api_route, responses=responses)
    add("/models", completions.models, methods=["GET"])
    add("/models/{name}", completions.model, methods=["GET"])
    add(
        "/chat/completions",
        completions.complete,
        methods=["POST"],
        responses=responses | {500: {"description": "The run failed"}},
    )
    return routes


def _answer(end: Any) -> str:
    match end:
        case RunCompleted(text=text):
            return text
        case RunInterrupted():
            return "\n\n".join(asked.question for asked in end.questions)
        case _:
            return ""


def _text_of(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))


def _data(value: Any) -> bytes:
    return f"data: {json.dumps(value, ensure_ascii=False, separators=(',', ':'))}\r\n\r\n".encode()
