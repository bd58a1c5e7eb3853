"""The scenarios said by the official client for JavaScript, which a process of Node.js calls."""

import asyncio
import json
import re
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from tests.integration.langgraph.clients import NAMED, STREAMS, ByPython
from tests.integration.langgraph.replay import STREAM_SECONDS, Answer, Replay
from tests.integration.langgraph.streams import Streamed

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


class ByJavaScript(ByPython):
    """By ``@langchain/langgraph-sdk``, which a process of Node.js calls."""

    def __init__(self, player: "Player", sdk: Any, *about: Any) -> None:
        super().__init__(sdk, *about)
        self._player = player

    async def _send(self, exchange: dict[str, Any]) -> Answer:
        if spoken := self._spoken(exchange):
            thread_id, call, body = spoken
            method = "send" if call == "commands" else "openEventStream"
            said = {"place": "protocol", "method": method, "given": [thread_id, body]}
            return await self._told(exchange, said, streams=call != "commands")
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
        return await self._told(exchange, said, streams=name in STREAMS)

    async def _told(self, exchange: dict[str, Any], said: dict[str, Any], *, streams: bool) -> Answer:
        told, identity = self._player.call(**said, streams=streams)
        if not streams or "sse" not in exchange["response"]:
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
