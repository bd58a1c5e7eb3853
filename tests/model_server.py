"""An OpenAI-compatible model server that behaves as it is told, on a port of its own."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

Write: TypeAlias = Callable[[bytes], Awaitable[None]]
Behaviour: TypeAlias = Callable[[Write, int, dict[str, Any]], Awaitable[None]]
"""Answers the request with that number, counted from one, and that body."""

SECRET = "sk-SECRET1234567890"
WORDS = ("Here ", "is ", "the ", "answer.")


class ModelServer:
    """What it was asked, and the address it listens on.

    Attributes:
        heads: the requests' first lines and headers, in lower case.
        origin: the address without a path; `url` is where OpenAI's interface is.
    """

    def __init__(self, behaviour: Behaviour) -> None:
        self.asked: list[dict[str, Any]] = []
        self.heads: list[str] = []
        self.origin = ""
        self.url = ""
        self.connections: set[asyncio.Task[Any]] = set()
        self._behaviour = behaviour

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serves one connection, which closes after the answer."""

        async def write(data: bytes) -> None:
            writer.write(data)
            await writer.drain()

        if task := asyncio.current_task():
            self.connections.add(task)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            line = next(each for each in head.split(b"\r\n") if each.startswith(b"content-length"))
            body = json.loads(await reader.readexactly(int(line.split(b":")[1])))
            self.asked.append(body)
            self.heads.append(head.decode())
            await self._behaviour(write, len(self.asked), body)
        finally:
            writer.close()


@asynccontextmanager
async def serving(behaviour: Behaviour, port: int = 0) -> AsyncIterator[ModelServer]:
    """A server that listens, on a port of its own without one, until the end of the context."""
    server = ModelServer(behaviour)
    listener = await asyncio.start_server(server.answer, "127.0.0.1", port)
    server.origin = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    server.url = f"{server.origin}/v1"
    try:
        yield server
    finally:
        listener.close()
        for task in server.connections:
            task.cancel()
        await asyncio.gather(*server.connections, return_exceptions=True)


async def refuse(write: Write, status: int, message: str, code: str | None = None, **headers: str) -> None:
    """An error as OpenAI words it."""
    body = json.dumps({"error": {"message": message, "type": "x", "param": None, "code": code}}).encode()
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n{more}"
    await write(head.encode() + b"Connection: close\r\n\r\n" + body)


async def begin(write: Write) -> None:
    """The head of a stream."""
    await write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")


async def say(
    write: Write, body: dict[str, Any], *words: str, finish: str | None = "stop", **message: Any
) -> None:
    """A whole answer, streamed or at once, as the request asks; without `finish` a stream just ends."""
    if not body.get("stream"):
        reply = {"role": "assistant", "content": "".join(words) or None, **message}
        choice = {"index": 0, "message": reply, "finish_reason": finish}
        text = json.dumps(_completion("chat.completion") | {"choices": [choice]}).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n"
        await write(head.encode() + b"Connection: close\r\n\r\n" + text)
        return
    await begin(write)
    for word in words:
        await write(_chunk({"role": "assistant", "content": word}))
    for index, call in enumerate(message.get("tool_calls", ())):
        await write(_chunk({"tool_calls": [{"index": index, **call}]}))
    if finish:
        await write(_chunk({}, finish) + b"data: [DONE]\n\n")


async def say_and(write: Write, *words: str) -> None:
    """The beginning of an answer."""
    await begin(write)
    for word in words:
        await write(_chunk({"role": "assistant", "content": word}))


def called(name: str, arguments: str) -> dict[str, Any]:
    """A tool call as OpenAI words it."""
    return {"id": f"call_{name}", "type": "function", "function": {"name": name, "arguments": arguments}}


def _completion(kind: str) -> dict[str, Any]:
    return {"id": "c", "object": kind, "created": 0, "model": "m"}


def _chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return b"data: %s\n\n" % json.dumps(_completion("chat.completion.chunk") | {"choices": [choice]}).encode()
