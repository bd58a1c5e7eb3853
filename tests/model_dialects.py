"""How the providers of models word an answer, a tool call and an error, for `model_server`.

Sources: OpenAI's API reference "Create chat completion" (vLLM and LiteLLM: their OpenAI-compatible servers),
Anthropic's "Messages" with "Streaming messages" and "Errors", Ollama's docs/api.md.
"""

import json
from collections.abc import Iterator
from typing import Any, Final, Protocol

from tests.model_server import Write, begin, called, refuse, say, say_and

OVERFLOW: Final = "overflow"
"""Stands for the status of what says that the request is longer than the model takes."""


class Dialect(Protocol):
    """One provider's way of answering a request that has the body `body`."""

    async def say(self, write: Write, body: dict[str, Any], *words: str, cut: bool = False) -> None:
        """An answer in words; one that is cut ends in its midst, without a sign."""

    async def shortened(self, write: Write, body: dict[str, Any], *words: str) -> None:
        """An answer that stopped at the limit of its length."""

    async def call(self, write: Write, body: dict[str, Any], name: str, arguments: dict[str, Any]) -> None:
        """A call of a tool."""

    async def refuse(self, write: Write, status: int | str, message: str) -> None:
        """An error."""


class OpenAI:
    """The server of OpenAI, and Azure's under ``/openai/v1``."""

    async def say(self, write: Write, body: dict[str, Any], *words: str, cut: bool = False) -> None:
        if cut:
            await say_and(write, *words)
        else:
            await say(write, body, *words)

    async def shortened(self, write: Write, body: dict[str, Any], *words: str) -> None:
        await say(write, body, *words, finish="length")

    async def call(self, write: Write, body: dict[str, Any], name: str, arguments: dict[str, Any]) -> None:
        await say(write, body, finish="tool_calls", tool_calls=[called(name, json.dumps(arguments))])

    async def refuse(self, write: Write, status: int | str, message: str) -> None:
        if status == OVERFLOW:
            await refuse(
                write, 400, "This model's maximum context length is 8192 tokens.", "context_length_exceeded"
            )
        else:
            await refuse(write, int(status), message)


class Vllm(OpenAI):
    """vLLM: its errors are flat and of its own types, and its codes are numbers."""

    async def refuse(self, write: Write, status: int | str, message: str) -> None:
        if status == OVERFLOW:
            status, message = (
                400,
                "This model's maximum context length is 4096 tokens. However, you requested 9.",
            )
        kind = {401: "Unauthorized", 404: "NotFoundError", 400: "BadRequestError"}.get(int(status), "Error")
        await _json(
            write, int(status),
            {"object": "error", "message": message, "type": kind, "param": None, "code": status},
        )  # fmt: skip


class LiteLlm(OpenAI):
    """LiteLLM's proxy: it passes on what a provider said, under names of its own."""

    async def refuse(self, write: Write, status: int | str, message: str) -> None:
        if status == OVERFLOW:
            status, message = (
                400,
                "litellm.ContextWindowExceededError: prompt is too long: 9 tokens > 8 maximum",
            )
        await _json(
            write, int(status),
            {"error": {"message": f"litellm: {message}", "type": None, "param": None, "code": str(status)}},
        )  # fmt: skip


class Anthropic:
    """Anthropic's Messages."""

    async def say(self, write: Write, body: dict[str, Any], *words: str, cut: bool = False) -> None:
        deltas = [{"type": "text_delta", "text": word} for word in words]
        await self._stream(write, body, {"type": "text", "text": ""}, deltas, None if cut else "end_turn")

    async def shortened(self, write: Write, body: dict[str, Any], *words: str) -> None:
        deltas = [{"type": "text_delta", "text": word} for word in words]
        await self._stream(write, body, {"type": "text", "text": ""}, deltas, "max_tokens")

    async def call(self, write: Write, body: dict[str, Any], name: str, arguments: dict[str, Any]) -> None:
        block = {"type": "tool_use", "id": "toolu_1", "name": name, "input": {}}
        text = json.dumps(arguments)
        pieces = [{"type": "input_json_delta", "partial_json": piece} for piece in (text[:5], text[5:])]
        await self._stream(write, body, block, pieces, "tool_use")

    async def refuse(self, write: Write, status: int | str, message: str) -> None:
        if status == OVERFLOW:
            status, message = 400, "prompt is too long: 208310 tokens > 200000 maximum"
        kinds = {401: "authentication_error", 404: "not_found_error", 429: "rate_limit_error",
                 529: "overloaded_error", 400: "invalid_request_error"}  # fmt: skip
        error = {"type": kinds.get(int(status), "api_error"), "message": message}
        await _json(write, int(status), {"type": "error", "error": error})

    async def _stream(
        self, write: Write, body: dict[str, Any], block: dict[str, Any], deltas: list[dict[str, Any]],
        stop: str | None,
    ) -> None:  # fmt: skip
        usage = {"input_tokens": 1, "output_tokens": 1}
        message = {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "content": [],
            "model": body["model"],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": usage,
        }
        if not body.get("stream"):
            text = "".join(delta["text"] for delta in deltas)
            whole = message | {"content": [{"type": "text", "text": text}], "stop_reason": stop}
            await _json(write, 200, whole)
            return
        await begin(write)
        for event in self._events(message, block, deltas, stop):
            await write(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())

    def _events(
        self, message: dict[str, Any], block: dict[str, Any], deltas: list[dict[str, Any]], stop: str | None
    ) -> Iterator[dict[str, Any]]:
        yield {"type": "message_start", "message": message}
        yield {"type": "content_block_start", "index": 0, "content_block": block}
        yield {"type": "ping"}
        yield from ({"type": "content_block_delta", "index": 0, "delta": delta} for delta in deltas)
        if stop is None:
            return
        yield {"type": "content_block_stop", "index": 0}
        yield {"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": None},
               "usage": {"output_tokens": 9}}  # fmt: skip
        yield {"type": "message_stop"}


class Ollama:
    """Ollama's ``/api/chat``, a JSON object a line."""

    async def say(self, write: Write, body: dict[str, Any], *words: str, cut: bool = False) -> None:
        messages = [{"role": "assistant", "content": word} for word in words]
        await self._lines(write, body, messages, None if cut else "stop")

    async def shortened(self, write: Write, body: dict[str, Any], *words: str) -> None:
        await self._lines(write, body, [{"role": "assistant", "content": word} for word in words], "length")

    async def call(self, write: Write, body: dict[str, Any], name: str, arguments: dict[str, Any]) -> None:
        calls = [{"function": {"name": name, "arguments": arguments}}]
        await self._lines(write, body, [{"role": "assistant", "content": "", "tool_calls": calls}], "stop")

    async def refuse(self, write: Write, status: int | str, message: str) -> None:
        if status == OVERFLOW:
            status, message = 400, "the input length exceeds the context length"
        await _json(write, int(status), {"error": message})

    async def _lines(
        self, write: Write, body: dict[str, Any], messages: list[dict[str, Any]], done: str | None
    ) -> None:
        head = {"model": body["model"], "created_at": "2026-01-02T03:04:05.678Z"}
        lines = [head | {"message": message, "done": False} for message in messages]
        if done:
            last = {"role": "assistant", "content": ""}
            lines.append(head | {"message": last, "done": True, "done_reason": done, "eval_count": 9})
        if body.get("stream") is False:
            text = "".join(message["content"] for message in messages)
            lines = [lines[-1] | {"message": {"role": "assistant", "content": text}}]
        await write(b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nConnection: close\r\n\r\n")
        for line in lines:
            await write(json.dumps(line).encode() + b"\n")


async def _json(write: Write, status: int, body: dict[str, Any]) -> None:
    text = json.dumps(body).encode()
    head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n"
    await write(head.encode() + b"Connection: close\r\n\r\n" + text)
