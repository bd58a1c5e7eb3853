"""A run's callbacks as live deltas: the outline of LangChain's events, for a fraction of what they cost.

The shapes are in `contracts.trace`; `bench/room_events.py` measures this against LangChain's own events.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import (
    AIMessageChunk,
    BaseMessage,
    convert_to_openai_messages,
)
from langchain_core.outputs import ChatGenerationChunk, GenerationChunk
from langgraph.constants import TAG_HIDDEN
from langgraph.types import Command

from agent_runner.engine.deltas import Deltas
from agent_runner.engine.faults import UNTOLD
from agent_runner.engine.steps import messages_in, shown
from agent_runner.engine.updates import as_json
from contracts import trace

NODE_TAG = "graph:step:"


@dataclass(frozen=True, slots=True)
class _Run:
    """One running part of the graph."""

    name: str
    run_id: str
    parent_ids: tuple[str, ...]
    tags: tuple[str, ...]
    node: str = ""
    step: int = 0

    @property
    def is_node(self) -> bool:
        """Whether it is a node of a graph whose update people may see."""
        return any(tag.startswith(NODE_TAG) for tag in self.tags) and TAG_HIDDEN not in self.tags


class Trace(BaseCallbackHandler):
    """Sends an event for whatever the run does, in the thread that does it.

    The two `tap` methods make chat models stream even where a node awaits the whole reply.
    """

    run_inline = True

    def __init__(self, deltas: Deltas) -> None:
        self._deltas = deltas
        self._runs: dict[UUID, _Run] = {}
        self._begun = False
        self._said: str | None = None

    def reply(self, text: str, run_id: str, attempt: int) -> None:
        """Say the reply where the graph has not: its state has no messages, or an earlier attempt said it,
        whose events are void."""
        if self._said == text or (self._said is not None and attempt == 1):
            return
        root = _Run("", str(trace.root_of(run_id, attempt)), (), ())
        if not self._begun:
            self._send(trace.CHAIN_START, root)
        said = {"role": "assistant", "content": text, "tool_calls": None}
        self._send(trace.CHAIN_STREAM, root, {"chunk": {"model": {"messages": [said]}}})

    def on_chain_start(
        self,
        serialized: dict[str, Any] | None,
        inputs: Any,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        **kwargs: Any,
    ) -> None:
        """A graph, a node or a step within one begins."""
        self._start(trace.CHAIN_START, kwargs.get("name") or "", run_id, parent_run_id, tags)

    def on_chat_model_start(
        self,
        serialized: dict[str, Any] | None,
        messages: list[list[BaseMessage]],
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        **kwargs: Any,
    ) -> None:
        """A chat model is called."""
        self._start(trace.CHAT_MODEL_START, kwargs.get("name") or "", run_id, parent_run_id, tags)

    def on_tool_start(
        self,
        serialized: dict[str, Any] | None,
        input_str: str,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        **kwargs: Any,
    ) -> None:
        """A tool is called."""
        self._start(trace.TOOL_START, kwargs.get("name") or "", run_id, parent_run_id, tags)

    def on_llm_new_token(
        self,
        token: str | list[str | dict[str, Any]],
        *,
        chunk: GenerationChunk | ChatGenerationChunk | None = None,
        run_id: UUID,
        **kwargs: Any,
    ) -> None:
        """The model said something; a chunk that says nothing is not an event."""
        run = self._runs.get(run_id)
        message = chunk.message if isinstance(chunk, ChatGenerationChunk) else None
        if run and isinstance(message, AIMessageChunk) and _says_something(message):
            self._send(trace.CHAT_MODEL_STREAM, run, {"chunk": chunk_fields(message)})

    def on_chain_end(self, outputs: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """It ended. A node's update is streamed by the node and by the graph around it."""
        run = self._runs.pop(run_id, None)
        if run is None or not run.parent_ids:
            return
        update = _update(outputs) if run.is_node and outputs is not None else None
        if update is not None:
            self._send(trace.CHAIN_STREAM, run, {"chunk": update})
        self._send(trace.CHAIN_END, run)
        if update is not None and (graph := self._runs.get(UUID(run.parent_ids[-1]))):
            if not graph.parent_ids:
                self._said = _text_in(update) or self._said
            self._send(trace.CHAIN_STREAM, graph, {"chunk": {run.name: update}})

    def on_custom_event(
        self, name: str, data: Any, *, run_id: UUID, tags: list[str] | None = None, **kwargs: Any
    ) -> None:
        """A part of the graph said something by LangChain's ``dispatch_custom_event``."""
        if run := self._runs.get(run_id):
            told = {"name": name, "node": run.node or run.name, "step": run.step, "data": as_json(data)}
            place = {"run_id": run.run_id, "parent_ids": run.parent_ids, "tags": run.tags}
            self._deltas.send(trace.CUSTOM_EVENT, place | told)

    def on_tool_end(self, output: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """The tool returned."""
        if run := self._runs.pop(run_id, None):
            self._send(trace.TOOL_END, run)

    def on_tool_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """The tool raised."""
        if run := self._runs.pop(run_id, None):
            say = UNTOLD.get() or (lambda error: str(error) or type(error).__name__)
            self._send(trace.TOOL_ERROR, run, {"error": say(error)})

    def on_llm_end(self, response: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """The model has said all."""
        self._runs.pop(run_id, None)

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """The model failed; what becomes of the run is told by the log."""
        self._runs.pop(run_id, None)

    def on_chain_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """It failed, stopped to ask or handed over. What becomes of the root is told by the log."""
        run = self._runs.pop(run_id, None)
        if run and run.parent_ids:
            self._send(trace.CHAIN_END, run)

    def tap_output_aiter(self, run_id: UUID, output: AsyncIterator[Any]) -> AsyncIterator[Any]:
        """The output as it is."""
        return output

    def tap_output_iter(self, run_id: UUID, output: Iterator[Any]) -> Iterator[Any]:
        """The output as it is."""
        return output

    def _start(
        self, kind: str, name: str, run_id: UUID, parent_run_id: UUID | None, tags: list[str] | None
    ) -> None:
        self._begun = True
        parent = self._runs.get(parent_run_id) if parent_run_id else None
        parent_ids = (*parent.parent_ids, parent.run_id) if parent else ()
        node, step = (parent.node, parent.step) if parent else ("", 0)
        numbers = [tag.removeprefix(NODE_TAG) for tag in tags or () if tag.startswith(NODE_TAG)]
        if not node and numbers:
            node, step = name, int(numbers[0])
        run = self._runs[run_id] = _Run(name, str(run_id), parent_ids, tuple(tags or ()), node, step)
        self._send(kind, run)

    def _send(self, kind: str, run: _Run, data: Mapping[str, Any] | None = None) -> None:
        self._deltas.send(
            kind,
            {"run_id": run.run_id, "parent_ids": run.parent_ids, "tags": run.tags, "data": data or {}},
        )


def chunk_fields(chunk: AIMessageChunk) -> dict[str, Any]:
    """An `AIMessageChunk` as the wire has it. The message's id belongs to the log, not to the chunk."""
    return {
        "content": chunk.content,
        "additional_kwargs": chunk.additional_kwargs,
        "response_metadata": chunk.response_metadata,
        "type": "AIMessageChunk",
        "name": chunk.name,
        "id": None,
        "example": False,
        "tool_calls": chunk.tool_calls,
        "invalid_tool_calls": chunk.invalid_tool_calls,
        "usage_metadata": chunk.usage_metadata,
        "tool_call_chunks": chunk.tool_call_chunks,
    }


def _says_something(chunk: AIMessageChunk) -> bool:
    return bool(chunk.content or chunk.tool_call_chunks or chunk.usage_metadata)


def _update(value: Any) -> Any:
    """A node's update as JSON, with messages as ``{"role", "content", "tool_calls"}``."""
    value = _merged(value)
    return as_json(value, _with_role)


def _merged(value: Any) -> Any:
    """What a node returned as one update: that of a command, those of several together."""
    if isinstance(value, Command):
        return value.update
    if not isinstance(value, list) or not any(isinstance(part, Command) for part in value):
        return shown(value)
    updates = [part for part in map(_merged, value) if isinstance(part, dict)]
    merged: dict[str, Any] = {}
    for update in updates:
        said = [*merged.get("messages", []), *messages_in(update)]
        merged |= update | ({"messages": said} if said else {})
    return merged


def _text_in(update: Any) -> str:
    """The text of the newest message in it; empty where there is none."""
    messages = update.get("messages") if isinstance(update, dict) else None
    newest = messages[-1] if isinstance(messages, list) and messages else messages
    content = newest.get("content") if isinstance(newest, dict) else None
    parts = content if isinstance(content, list) else [content]
    texts = (part.get("text") if isinstance(part, dict) else part for part in parts)
    return "".join(text for text in texts if isinstance(text, str))


def _with_role(message: BaseMessage) -> dict[str, Any]:
    try:
        plain = convert_to_openai_messages(message)
    except ValueError:  # content that OpenAI's messages have no form for
        plain = {"role": message.type, "content": message.text}
    known = {name: plain.pop(name, None) for name in ("role", "content", "tool_calls")}
    return known | plain
