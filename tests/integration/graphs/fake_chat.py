"""A chat model that streams and calls tools by what it is told, in graphs served or run in-process."""

import json
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from hashlib import sha256
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    HumanMessage,
    ToolMessage,
    message_chunk_to_message,
)
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import Field

CALL = re.compile(r"call (\w+) (\{[^}]*\})")


class FakeChat(BaseChatModel):
    """Makes the calls of the newest message, such as ``call look {"at": "x"}``, one `|` after the other, and
    then says what came of them.

    Attributes:
        called: what its replies begin with.
        thinks: it reasons before it speaks.
        told: what it does whatever it is told.
    """

    called: str = ""
    thinks: bool = False
    told: str = ""
    tools: list[str] = Field(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "fake"

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Any:
        """As chat models do."""
        names = [convert_to_openai_tool(tool)["function"]["name"] for tool in tools]
        return self.model_copy(update={"tools": names})

    def _answer(self, messages: list[BaseMessage]) -> AIMessage:
        asked = max(i for i, message in enumerate(messages) if isinstance(message, HumanMessage))
        text, since = self.told or messages[asked].text, messages[asked + 1 :]
        turns = text.split("|")
        done = sum(bool(getattr(message, "tool_calls", None)) for message in since)
        calls = [
            {"name": name, "args": json.loads(args), "id": _id(text, done, name)}
            for name, args in CALL.findall(turns[done] if done < len(turns) else "")
            if name in self.tools
        ]
        if calls:
            return AIMessage("Let me see.", tool_calls=calls)
        found = [message.text for message in since if isinstance(message, ToolMessage)]
        return AIMessage(
            f"{self.called}done: {', '.join(found)}" if found else f"{self.called}you said {text}"
        )

    def _pieces(self, messages: list[BaseMessage]) -> Iterator[ChatGenerationChunk]:
        answer = self._answer(messages)
        identity = _id(*(message.text for message in messages))
        kind = {"type": "text", "index": 1}
        if self.thinks:
            thought: list[Any] = [{"type": "reasoning", "reasoning": "Let me think.", "index": 0}]
            yield ChatGenerationChunk(message=AIMessageChunk(content=thought, id=identity))
        for word in re.findall(r"\S+\s*", answer.text):
            content: Any = [kind | {"text": word}] if self.thinks else word
            yield ChatGenerationChunk(message=AIMessageChunk(content=content, id=identity))
        chunks = [
            tool_call_chunk(name=call["name"], args=json.dumps(call["args"]), id=call["id"], index=index)
            for index, call in enumerate(answer.tool_calls)
        ]
        if chunks:
            yield ChatGenerationChunk(
                message=AIMessageChunk(content="", id=identity, tool_call_chunks=chunks)
            )

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        first, *rest = (piece.message for piece in self._pieces(messages))
        whole = sum(rest, first)
        return ChatResult(generations=[ChatGeneration(message=message_chunk_to_message(whole))])

    def _stream(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> Iterator[ChatGenerationChunk]:
        for piece in self._pieces(messages):
            if run_manager:
                run_manager.on_llm_new_token(piece.text, chunk=piece)
            yield piece

    async def _astream(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        for piece in self._pieces(messages):
            if run_manager:
                await run_manager.on_llm_new_token(piece.text, chunk=piece)
            yield piece


def _id(*parts: object) -> str:
    return sha256(repr(parts).encode()).hexdigest()[:12]
