"""The embedded chat model: rules instead of a network, deterministic, without a key.

It streams, calls tools, and fills the planner's schemas. What it understands is in `request`, which
tools it calls in `plans`, and its words in `replies`.
"""

import json
import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any
from uuid import uuid4

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LangSmithParams, LanguageModelInput
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    HumanMessage,
    ToolCall,
    ToolMessage,
)
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.prompt_values import PromptValue
from langchain_core.runnables import Runnable, RunnableLambda
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import BaseModel

from agent_runner.agents.models.intent import beside
from agent_runner.agents.models.plans import goal_of, may_be_noted, resolve, steps_for
from agent_runner.agents.models.replies import Result, answer, unavailable
from agent_runner.agents.models.request import understand
from agent_runner.agents.planning import Agreement, Plan

_TOKEN = re.compile(r"\s*\S+|\s+$")
_ARGUMENT_PIECE = 24
PLAN_TOOL = Plan.__name__
_TOO_MUCH = "That is more than I can read. 제가 읽을 수 있는 것보다 많습니다."


class EmbeddedChatModel(BaseChatModel):
    """Answers requests for this project's tools in Korean and English; says so when one is beyond it."""

    @property
    def _llm_type(self) -> str:
        return "parley-embedded"

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        """What callbacks are told of the model; the provider's name would else be this class's."""
        return LangSmithParams(ls_provider="parley", ls_model_name=self._llm_type, ls_model_type="chat")

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """The model with the tools it may call. `tool_choice` is not taken into account: rules choose."""
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], **kwargs)

    def with_structured_output(
        self, schema: dict[str, Any] | type, *, include_raw: bool = False, **kwargs: Any
    ) -> Runnable[LanguageModelInput, dict[str, Any] | BaseModel]:
        """The model filling one of the planner's schemas.

        Raises:
            NotImplementedError: for any other schema, which rules can't fill.
        """
        if include_raw or schema not in _FILLERS:
            raise NotImplementedError(f"the embedded model can't fill {schema!r}")
        fill = _FILLERS[schema]

        async def filled(given: LanguageModelInput) -> dict[str, Any] | BaseModel:
            return fill(_messages(given))  # in the loop, since a thread would cost more than the rules do

        return RunnableLambda(lambda given: fill(_messages(given)), filled)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        message = _respond(messages, kwargs.get("tools", ()))
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for chunk in _chunks(_respond(messages, kwargs.get("tools", ()))):
            if run_manager is not None:
                run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        tools = kwargs.get("tools", ())
        message = await beside(lambda: _respond(messages, tools), AIMessage(_TOO_MUCH, id=f"msg-{uuid4()}"))
        for chunk in _chunks(message):
            if run_manager is not None:
                await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk


def _respond(messages: list[BaseMessage], tools: Sequence[dict[str, Any]]) -> AIMessage:
    """The plan or the next tool call that the last human message needs, or the answer to it."""
    request = understand(messages)
    results = _results(messages)
    names = {tool["function"]["name"] for tool in tools}
    failed = any(result.error is not None for result in results)
    steps = steps_for(request) if names and not failed else []
    if PLAN_TOOL in names and steps and not results:
        return _calling(PLAN_TOOL, Plan(goal=goal_of(request), steps=steps).model_dump())
    if PLAN_TOOL not in names and len(results) < len(steps):
        step = steps[len(results)]
        if step.tool not in names:
            return AIMessage(unavailable(request), id=f"msg-{uuid4()}")
        known = {f"step_{n}": r.value for n, r in enumerate(results, 1)}
        return _calling(step.tool, resolve(step.arguments, known))
    if "search_notes" in names and may_be_noted(request, [result.value for result in results]):
        return _calling("search_notes", {"query": request.text})
    return AIMessage(answer(request, messages, results), id=f"msg-{uuid4()}")


def _calling(tool: str, arguments: dict[str, Any]) -> AIMessage:
    call = ToolCall(name=tool, args=arguments, id=f"call-{uuid4()}")
    return AIMessage("", tool_calls=[call], id=f"msg-{uuid4()}")


def _results(messages: list[BaseMessage]) -> list[Result]:
    """What the tools answered since the last human message."""
    last = max((n for n, message in enumerate(messages) if isinstance(message, HumanMessage)), default=-1)
    names = {
        call["id"]: call["name"]
        for m in messages[last + 1 :]
        if isinstance(m, AIMessage)
        for call in m.tool_calls
    }
    return [
        Result(names.get(message.tool_call_id, ""), None, message.text)
        if message.status == "error"
        else Result(names.get(message.tool_call_id, ""), _value(message.text))
        for message in messages[last + 1 :]
        if isinstance(message, ToolMessage)
    ]


def _value(text: str) -> Any:
    """A tool's JSON; any other text stands for itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _chunks(message: AIMessage) -> list[ChatGenerationChunk]:
    chunks = [AIMessageChunk(content=token, id=message.id) for token in _TOKEN.findall(message.text)]
    for index, call in enumerate(message.tool_calls):
        text = json.dumps(call["args"], ensure_ascii=False)
        named = tool_call_chunk(name=call["name"], args="", id=call["id"], index=index)
        pieces = [text[start : start + _ARGUMENT_PIECE] for start in range(0, len(text), _ARGUMENT_PIECE)]
        chunks += [
            AIMessageChunk(content="", tool_call_chunks=[piece], id=message.id)
            for piece in (named, *(tool_call_chunk(args=piece, index=index) for piece in pieces))
        ]
    chunks[-1].chunk_position = "last"
    return [ChatGenerationChunk(message=chunk) for chunk in chunks]


def _messages(given: LanguageModelInput) -> list[BaseMessage]:
    if isinstance(given, PromptValue):
        return given.to_messages()
    if isinstance(given, str):
        return [HumanMessage(given)]
    return [message for message in given if isinstance(message, BaseMessage)]


def _agreement(_: list[BaseMessage]) -> Agreement:
    return Agreement()  # the planner's own rules have read the answer; there is no more to be found in it


_FILLERS: dict[Any, Callable[[list[BaseMessage]], BaseModel]] = {
    Agreement: _agreement,
}
