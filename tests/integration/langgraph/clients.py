"""The scenarios said by the official clients: every call that they have a method for, by that method."""

import asyncio
import inspect
import json
import re
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from langgraph_sdk.errors import APIStatusError
from tests.integration.langgraph.replay import STREAM_SECONDS, Answer, Replay
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
NAMED = ("thread_id", "checkpoint")
"""What has its place even where it is not given."""
STREAMS = ("runs.stream", "runs.join_stream", "threads.join_stream")
POSITIONAL = {
    "threads": ("thread_id",),
    "threads.prune": ("thread_ids",),
    "threads.get_state": ("thread_id", "checkpoint"),
    "runs": ("thread_id", "run_id"),
    "runs.create": ("thread_id", "assistant_id"),
    "runs.stream": ("thread_id", "assistant_id"),
    "runs.wait": ("thread_id", "assistant_id"),
    "runs.create_batch": ("payloads",),
    "runs.cancel_many": (),
    "runs.cancel": ("thread_id", "run_id", "wait", "action"),
    "assistants": ("assistant_id",),
    "assistants.create": (),
    "assistants.set_latest": ("assistant_id", "version"),
    "store": ("namespace", "key"),
    "store.put_item": ("namespace", "key", "value"),
    "store.search_items": ("namespace_prefix",),
    "store.list_namespaces": (),
}
"""What the methods of the JavaScript client take before their options; those without an entry as their place.
"""


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
        if request["headers"].get("user-agent", "").startswith("python-httpx"):
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


class ByJavaScript(ByPython):
    """By ``@langchain/langgraph-sdk``, which a process of Node.js calls."""

    def __init__(self, player: "Player", sdk: Any, *about: Any) -> None:
        super().__init__(sdk, *about)
        self._player = player

    async def _send(self, exchange: dict[str, Any]) -> Answer:
        name, arguments = self._call(exchange["request"])
        if name is None:
            return await Replay._send(self, exchange)
        self.by_method.add(name)
        place, method = name.split(".")
        if name == "threads.get_state" and "checkpoint_id" in arguments:
            arguments["checkpoint"] = arguments.pop("checkpoint_id")
        if name == "threads.create" and "graph_id" in arguments.get("metadata", {}):
            arguments["graph_id"] = arguments["metadata"].pop("graph_id")
        names = POSITIONAL.get(name, POSITIONAL[place])
        names = names if method not in ("search", "count") and name != "threads.create" else ()
        given = [arguments.pop(each, None) for each in names if each in arguments or each in NAMED]
        if "payloads" in names:
            given = [[{_camel(key): value for key, value in each.items()} for each in given[0]]]
        options = {_camel(key): value for key, value in arguments.items()}
        said = {"place": place, "method": _camel(method), "given": [*given, *([options] if options else [])]}
        told, identity = self._player.call(**said, streams=name in STREAMS)

        if name not in STREAMS or "sse" not in exchange["response"]:
            async with asyncio.timeout(STREAM_SECONDS):
                line = await told.get()
            if "trouble" in line:
                return await Replay._send(self, exchange)  # the client itself would not send it
            return Answer(line["status"], httpx.Headers(line["headers"]), line.get("body"))
        head: dict[str, Any] = {}

        async def read(streamed: Streamed, enough: int | None) -> None:
            while len(streamed.events) != enough:
                head.update(await told.get())
                if "part" not in head:
                    return
                streamed.take(head.pop("part"))
            self._player.stop(identity)

        events, trouble = await self._read(exchange, read)
        assert "trouble" not in head, head
        status = head.get("status", exchange["response"]["status"])  # of a silent stream nothing is heard
        headers = httpx.Headers(head.get("headers", exchange["response"]["headers"]))
        return Answer(
            status, headers, head.get("body"), events=events if status < 400 else None, trouble=trouble
        )


class Player:
    """The process that calls the JavaScript client, for as long as a test lasts."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._told: dict[int, asyncio.Queue[dict[str, Any]]] = {}

    def call(self, **said: Any) -> tuple[asyncio.Queue[dict[str, Any]], int]:
        """Call a method; what it gives comes into the queue."""
        identity = len(self._told) + 1
        self._told[identity] = asyncio.Queue()
        self._write({"id": identity, **said})
        return self._told[identity], identity

    def stop(self, identity: int) -> None:
        """Read no more of a stream."""
        self._write({"stop": identity})

    def _write(self, line: dict[str, Any]) -> None:
        assert self._process.stdin
        self._process.stdin.write(f"{json.dumps(line)}\n".encode())

    async def listen(self) -> None:
        assert self._process.stdout
        async for line in self._process.stdout:
            told = json.loads(line)
            self._told[told["id"]].put_nowait(told)


@asynccontextmanager
async def player(script: str, folder: Path, url: str) -> AsyncIterator[Player]:
    process = await asyncio.create_subprocess_exec(
        *("node", script, url), cwd=folder, stdin=PIPE, stdout=PIPE, limit=1 << 24
    )
    playing = Player(process)
    listening = asyncio.create_task(playing.listen())
    try:
        yield playing
    finally:
        process.kill()
        await process.wait()
        await asyncio.gather(listening, return_exceptions=True)


def _camel(name: str) -> str:
    return re.sub(r"_(\w)", lambda found: found[1].upper(), name)
