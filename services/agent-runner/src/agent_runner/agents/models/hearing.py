"""What has come of one answer of a provider's model: its words, its calls of tools, and how it ended."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk

from agent_runner.engine.faults import Kind

FINISHED: Final[dict[str, Kind]] = {
    "length": "truncated",
    "max_tokens": "truncated",
    "content_filter": "filtered",
    "refusal": "refused",
    "safety": "filtered",
}
"""What a provider says of why an answer ended before it was whole."""


@dataclass(slots=True)
class Heard:
    """What has come of one answer so far; calls of tools are held back until they are whole."""

    said: bool = False
    finish: str = ""
    refused: bool = False
    calls: list[ChatGenerationChunk] = field(default_factory=list)

    def take(self, chunk: ChatGenerationChunk) -> bool:
        """Whether the chunk may go on to the user now."""
        message = chunk.message
        details = {**(chunk.generation_info or {}), **message.response_metadata}
        finish = details.get("finish_reason") or details.get("stop_reason") or details.get("done_reason")
        self.finish = str(finish or self.finish).casefold()
        self.refused = self.refused or is_refusal(message)
        if isinstance(message, AIMessageChunk) and message.tool_call_chunks:
            self.calls.append(chunk)
            return False
        self.said = self.said or bool(message.text)
        return True

    def mistake(self, tools: frozenset[str]) -> str | None:
        """What is wrong with the calls, in words for the model."""
        names: dict[Any, str] = {}
        arguments: dict[Any, str] = {}
        for piece in (p for chunk in self.calls for p in _pieces(chunk.message)):
            names[piece["index"]] = names.get(piece["index"], "") + (piece["name"] or "")
            arguments[piece["index"]] = arguments.get(piece["index"], "") + (piece["args"] or "")
        for index, name in names.items():
            if tools and name not in tools:
                return f"There is no tool {name!r}."
            if not _is_object(arguments[index]):
                return f"The arguments of your call of {name!r} are not valid JSON."
        return None


def _pieces(message: BaseMessage) -> Sequence[Any]:
    return message.tool_call_chunks if isinstance(message, AIMessageChunk) else ()


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text or "{}"), dict)
    except ValueError:
        return False


def is_refusal(message: BaseMessage) -> bool:
    """Whether the model refuses to answer."""
    blocks = message.content if isinstance(message.content, list) else ()
    refusal = any(isinstance(block, dict) and block.get("type") == "refusal" for block in blocks)
    return bool(message.additional_kwargs.get("refusal")) or refusal
