"""The scenarios said by the official clients: every call that they have a method for, by that method, and a
thread's commands and event streams by the transports of their streaming protocol.

Of 458 requests these are said as plain HTTP, because no client sends them, or tells what they were answered:

- bodies that are none, or none of a request: ``errors`` 15 to 21, ``store`` 16 to 19, ``v2-errors`` 1 to 7;
- signs of life, what is not there, a wrong method, a preflight: ``meta``;
- a stream that names no modes, of which the clients would: ``stream-default``.
"""

import inspect
import json
import re
from collections.abc import AsyncIterator
from contextlib import aclosing
from contextvars import ContextVar
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from langgraph_sdk.errors import APIStatusError
from langgraph_sdk.stream.transport.http import ProtocolSseTransport
from tests.integration.langgraph.replay import Answer, Replay
from tests.integration.langgraph.streams import Streamed

CALLS = (
    ("POST", "/threads", "threads.create"),
    ("POST", "/threads/search", "threads.search"),
    ("POST", "/threads/count", "threads.count"),
    ("POST", "/threads/prune", "threads.prune"),
    ("GET", "/threads/{thread_id}", "threads.get"),
    ("PATCH", "/threads/{thread_id}", "threads.update"),
    ("DELETE", "/threads/{thread_id}", "threads.delete"),
    ("POST", "/threads/{thread_id}/copy", "threads.copy"),
    ("GET", "/threads/{thread_id}/state", "threads.get_state"),
    ("POST", "/threads/{thread_id}/state", "threads.update_state"),
    ("POST", "/threads/{thread_id}/state/checkpoint", "threads.get_state"),
    ("GET", "/threads/{thread_id}/state/{checkpoint_id}", "threads.get_state"),
    ("POST", "/threads/{thread_id}/history", "threads.get_history"),
    ("GET", "/threads/{thread_id}/stream", "threads.join_stream"),
    ("POST", "/threads/{thread_id}/runs", "runs.create"),
    ("POST", "/threads/{thread_id}/runs/stream", "runs.stream"),
    ("POST", "/threads/{thread_id}/runs/wait", "runs.wait"),
    ("GET", "/threads/{thread_id}/runs", "runs.list"),
    ("GET", "/threads/{thread_id}/runs/{run_id}", "runs.get"),
    ("DELETE", "/threads/{thread_id}/runs/{run_id}", "runs.delete"),
    ("POST", "/threads/{thread_id}/runs/{run_id}/cancel", "runs.cancel"),
    ("GET", "/threads/{thread_id}/runs/{run_id}/join", "runs.join"),
    ("GET", "/threads/{thread_id}/runs/{run_id}/stream", "runs.join_stream"),
    ("POST", "/runs", "runs.create"),
    ("POST", "/runs/stream", "runs.stream"),
    ("POST", "/runs/wait", "runs.wait"),
    ("POST", "/runs/batch", "runs.create_batch"),
    ("POST", "/runs/cancel", "runs.cancel_many"),
    ("POST", "/assistants/search", "assistants.search"),
    ("POST", "/assistants/count", "assistants.count"),
    ("POST", "/assistants", "assistants.create"),
    ("GET", "/assistants/{assistant_id}", "assistants.get"),
    ("PATCH", "/assistants/{assistant_id}", "assistants.update"),
    ("DELETE", "/assistants/{assistant_id}", "assistants.delete"),
    ("GET", "/assistants/{assistant_id}/schemas", "assistants.get_schemas"),
    ("GET", "/assistants/{assistant_id}/graph", "assistants.get_graph"),
    ("GET", "/assistants/{assistant_id}/subgraphs", "assistants.get_subgraphs"),
    ("POST", "/assistants/{assistant_id}/versions", "assistants.get_versions"),
    ("POST", "/assistants/{assistant_id}/latest", "assistants.set_latest"),
    ("PUT", "/store/items", "store.put_item"),
    ("GET", "/store/items", "store.get_item"),
    ("DELETE", "/store/items", "store.delete_item"),
    ("POST", "/store/items/search", "store.search_items"),
    ("POST", "/store/namespaces", "store.list_namespaces"),
)
PROTOCOL = re.compile(r"/threads/(?P<thread_id>[^/]+)/(?P<call>commands|stream/events)")
"""The calls of a thread's protocol, for which the clients have transports."""
NAMED = ("thread_id", "checkpoint")
"""What has its place even where it is not given."""
STREAMS = ("runs.stream", "runs.join_stream", "threads.join_stream")


class ByPython(Replay):
    """By ``langgraph-sdk``; what that never sends is sent without it."""

    def __init__(self, sdk: Any, *about: Any) -> None:
        super().__init__(sdk.http.client, *about)
        self._sdk = sdk
        self._heard: ContextVar[list[httpx.Response] | None] = ContextVar("heard", default=None)
        self.by_method: set[str] = set()
        sdk.http.client.event_hooks["response"] = [self._hear]

    async def _hear(self, response: httpx.Response) -> None:
        if (heard := self._heard.get()) is not None:
            heard.append(response)

    async def _send(self, exchange: dict[str, Any]) -> Answer:
        heard: list[httpx.Response] = []
        self._heard.set(heard)
        if spoken := self._spoken(exchange):
            return await self._by_transport(exchange, *spoken, heard)
        name, arguments = self._call(exchange["request"])
        if name is None:
            return await super()._send(exchange)
        self.by_method.add(name)
        place, method = name.split(".")
        function = getattr(getattr(self._sdk, place), method)
        try:
            if name in STREAMS:
                made = function(**arguments)
                parts = await made if inspect.isawaitable(made) else made
                if "sse" not in exchange["response"]:
                    return Answer(200, httpx.Headers(), [part async for part in parts])
                events, trouble = await self._parts(exchange, parts)
                return Answer(heard[0].status_code, heard[0].headers, events=events, trouble=trouble)
            body = await _called(function, arguments)
        except (ValueError, TypeError):
            if heard:
                raise
            return await super()._send(exchange)  # the client itself would not send it
        except (APIStatusError, httpx.HTTPStatusError) as error:
            answer = error.response
            return Answer(answer.status_code, answer.headers, json.loads(await answer.aread()))
        return Answer(heard[-1].status_code, heard[-1].headers, body)

    def _spoken(self, exchange: dict[str, Any]) -> tuple[str, str, dict[str, Any]] | None:
        """The thread, the call and the body of what is said by a transport; None for anything else."""
        request = exchange["request"]
        match = PROTOCOL.fullmatch(self._scenario.filled(request["path"]))
        if not match or request["method"] != "POST" or exchange["response"]["status"] >= 400:
            return None
        return match["thread_id"], match["call"], self._filled(request["body"])

    async def _by_transport(
        self,
        exchange: dict[str, Any],
        thread_id: str,
        call: str,
        body: dict[str, Any],
        heard: list[httpx.Response],
    ) -> Answer:
        transport = ProtocolSseTransport(client=self._client, thread_id=thread_id)
        try:
            if call == "commands":
                answer = await transport.send_command(body)
                return Answer(heard[0].status_code, heard[0].headers, answer)
            handle = transport.open_event_stream(body)
            await handle.ready

            async def read(streamed: Streamed, enough: int | None) -> None:
                async for event in handle.events:
                    streamed.take(_as_sent(dict(event)))
                    if len(streamed.events) == enough:
                        return

            events, trouble = await self._read(exchange, read)
            return Answer(heard[0].status_code, heard[0].headers, events=events, trouble=trouble)
        finally:
            await transport.close()

    async def _parts(
        self, exchange: dict[str, Any], parts: AsyncIterator[Any]
    ) -> tuple[list[dict[str, Any]], str]:
        async def read(streamed: Streamed, enough: int | None) -> None:
            async with aclosing(parts) as opened:  # type: ignore[type-var]  # they are generators
                async for part in opened:
                    streamed.take({"event": part.event, "data": part.data, "id": part.id})
                    if len(streamed.events) == enough:
                        return

        return await self._read(exchange, read)

    def _call(self, request: dict[str, Any]) -> tuple[str | None, dict[str, Any]]:
        """The method for a request, and what it is called with; none for what no client sends."""
        if request["headers"].get("user-agent", "").startswith("python-httpx") and request["method"] != "GET":
            return None, {}
        parts = urlsplit(self._scenario.filled(request["path"]))
        body = self._filled(request["body"]) if isinstance(request["body"], dict) else {}
        for verb, pattern, name in CALLS:
            match = re.fullmatch(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", pattern), parts.path)
            if verb != request["method"] or not match:
                continue
            query = {key: _read(values) for key, values in parse_qs(parts.query).items()}
            arguments = {**match.groupdict(), **query, **body}
            self._adapt(name, request, arguments)
            place, method = name.split(".")
            known = inspect.signature(getattr(getattr(self._sdk, place), method)).parameters
            needed = {each for each, how in known.items() if how.default is inspect.Parameter.empty}
            fits = arguments.keys() <= known.keys() and needed - {"self"} <= arguments.keys()
            if fits and not isinstance(request["body"], str):
                return name, arguments
        return None, {}

    def _adapt(self, name: str, request: dict[str, Any], arguments: dict[str, Any]) -> None:
        if name in ("runs.create", "runs.stream", "runs.wait"):
            arguments.setdefault("thread_id", None)
        if name == "runs.wait":
            arguments["raise_error"] = False
        if name == "runs.create_batch":
            arguments["payloads"] = self._filled(request["body"])
        if name == "store.get_item" and "namespace" in arguments:
            arguments["namespace"] = arguments["namespace"].split(".")
        if name == "threads.join_stream":
            arguments["stream_mode"] = arguments.pop("stream_modes")
        if request["headers"].get("prefer") == "return=minimal":
            arguments["return_minimal"] = True
        if (last := request["headers"].get("last-event-id")) is not None:
            arguments["last_event_id"] = self._scenario.filled(last)


def _as_sent(event: dict[str, Any]) -> dict[str, Any]:
    """An event of a thread as a frame has it."""
    return {"event": event["method"], "data": event, "id": str(event["seq"])}


def _called(function: Any, arguments: dict[str, Any]) -> Any:
    """What a method gives; some take what they need by its place alone."""
    known = inspect.signature(function).parameters.values()
    places = [each.name for each in known if each.kind is inspect.Parameter.POSITIONAL_ONLY]
    given = [arguments[name] for name in places]
    return function(*given, **{name: value for name, value in arguments.items() if name not in places})


def _read(values: list[str]) -> Any:
    """A value of a query."""
    if len(values) > 1:
        return values
    (value,) = values
    return json.loads(value) if re.fullmatch(r"true|false|\d+", value) else value
