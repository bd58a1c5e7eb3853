"""Four small graphs with a deterministic streaming chat model; no key, no network.

chat   agent with one tool: START -> agent <-> tools -> END; context {"user_name": str}; emits custom events
ask    interrupt(): START -> prepare -> ask -> finish; "both" in the text asks twice at once (two nodes)
fail   raises ValueError("boom: <text>") in its second node
nest   a subgraph node between two ordinary ones

The model: "weather in X" calls the tool get_weather; "slow N" says N words, 0.2 s each; anything else is
echoed.
"""

from __future__ import annotations

import asyncio
import json
import operator
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    AnyMessage,
    BaseMessage,
    ToolMessage,
    message_chunk_to_message,
)
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.tools import tool
from langgraph.config import get_stream_writer
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.graph.message import add_messages
from langgraph.prebuilt import ToolNode, tools_condition
from langgraph.runtime import Runtime
from langgraph.types import interrupt
from typing_extensions import TypedDict


class EchoModel(BaseChatModel):
    """Streams one word a chunk, calls get_weather when asked for the weather."""

    @property
    def _llm_type(self) -> str:
        return "echo"

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return self.bind(tools=[getattr(t, "name", "tool") for t in tools])

    def _plan(self, messages: list[BaseMessage]) -> tuple[str, dict[str, Any] | None, float]:
        last = messages[-1]
        text = str(last.text)
        if isinstance(last, ToolMessage):
            return f"The tool said: {text}", None, 0.0
        if "weather in " in text:
            return (
                "",
                {
                    "name": "get_weather",
                    "args": json.dumps({"city": text.split("weather in ")[1].split()[0]}),
                    "id": "call_1",
                    "index": 0,
                },
                0.0,
            )
        if text.startswith("slow "):
            return " ".join(f"w{i}" for i in range(int(text.split()[1]))), None, 0.2
        return f"You said: {text}", None, 0.0

    def _chunks(self, messages: list[BaseMessage]) -> Iterator[tuple[float, AIMessageChunk]]:
        text, call, delay = self._plan(messages)
        if call:
            head, tail = call["args"][:6], call["args"][6:]
            yield (
                0,
                AIMessageChunk(
                    content="", tool_call_chunks=[{**call, "args": head, "type": "tool_call_chunk"}]
                ),
            )
            yield (
                0,
                AIMessageChunk(
                    content="",
                    tool_call_chunks=[
                        {"name": None, "args": tail, "id": None, "index": 0, "type": "tool_call_chunk"}
                    ],
                ),
            )
        words = text.split(" ") if text else []
        for i, word in enumerate(words):
            yield delay, AIMessageChunk(content=word if i == 0 else f" {word}")
        yield (
            0,
            AIMessageChunk(
                content="",
                usage_metadata={
                    "input_tokens": 3,
                    "output_tokens": len(words),
                    "total_tokens": 3 + len(words),
                },
                response_metadata={"finish_reason": "tool_calls" if call else "stop"},
                chunk_position="last",
            ),
        )

    async def _astream(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        for delay, message in self._chunks(messages):
            await asyncio.sleep(delay)
            chunk = ChatGenerationChunk(message=message)
            if run_manager:
                await run_manager.on_llm_new_token(str(message.content), chunk=chunk)
            yield chunk

    async def _agenerate(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        whole: Any = None
        async for chunk in self._astream(messages):
            whole = chunk.message if whole is None else whole + chunk.message
        return ChatResult(generations=[ChatGeneration(message=message_chunk_to_message(whole))])

    def _generate(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        whole: Any = None
        for _, message in self._chunks(messages):
            whole = message if whole is None else whole + message
        return ChatResult(
            generations=[
                ChatGeneration(message=AIMessage(content=whole.content, tool_calls=whole.tool_calls))
            ]
        )


MODEL = EchoModel()


@tool
async def get_weather(city: str) -> str:
    """The weather in a city."""
    return f"sunny in {city}"


class Context(TypedDict, total=False):
    user_name: str


async def agent(state: MessagesState, runtime: Runtime[Context]) -> dict[str, Any]:
    get_stream_writer()({"progress": "thinking", "for": (runtime.context or {}).get("user_name")})
    answer = await MODEL.bind_tools([get_weather]).ainvoke(state["messages"])
    return {"messages": [answer]}


chat_builder = StateGraph(MessagesState, context_schema=Context)
chat_builder.add_node("agent", agent)
chat_builder.add_node("tools", ToolNode([get_weather]))
chat_builder.add_edge(START, "agent")
chat_builder.add_conditional_edges("agent", tools_condition)
chat_builder.add_edge("tools", "agent")
chat = chat_builder.compile()


class AskState(TypedDict, total=False):
    text: str
    log: Annotated[list[str], operator.add]
    answer: Any


def prepare(state: AskState) -> AskState:
    return {"log": [f"prepared {state.get('text', '')}"]}


def ask_human(state: AskState) -> AskState:
    answer = interrupt({"question": f"go on with {state.get('text', '')}?"})
    return {"answer": answer, "log": [f"answered {answer}"]}


def ask_again(state: AskState) -> AskState:
    answer = interrupt({"question": "and the second one?"})
    return {"log": [f"second {answer}"]}


def finish(state: AskState) -> AskState:
    return {"log": ["finished"]}


ask_builder = StateGraph(AskState)
ask_builder.add_node("prepare", prepare)
ask_builder.add_node("ask", ask_human)
ask_builder.add_node("ask_again", ask_again)
ask_builder.add_node("finish", finish)
ask_builder.add_edge(START, "prepare")
ask_builder.add_conditional_edges(
    "prepare",
    lambda s: ["ask", "ask_again"] if "both" in s.get("text", "") else ["ask"],
    ["ask", "ask_again"],
)
ask_builder.add_edge("ask", "finish")
ask_builder.add_edge("ask_again", "finish")
ask_builder.add_edge("finish", END)
ask = ask_builder.compile()


def good(state: AskState) -> AskState:
    return {"log": ["good"]}


def bad(state: AskState) -> AskState:
    raise ValueError(f"boom: {state.get('text', '')}")


fail_builder = StateGraph(AskState)
fail_builder.add_node("good", good)
fail_builder.add_node("bad", bad)
fail_builder.add_edge(START, "good")
fail_builder.add_edge("good", "bad")
fail_builder.add_edge("bad", END)
fail = fail_builder.compile()


class InnerState(TypedDict, total=False):
    messages: Annotated[list[AnyMessage], add_messages]


async def say(state: InnerState) -> dict[str, Any]:
    return {"messages": [await MODEL.ainvoke(state["messages"])]}


inner_builder = StateGraph(InnerState)
inner_builder.add_node("say", say)
inner_builder.add_edge(START, "say")
inner_builder.add_edge("say", END)

nest_builder = StateGraph(MessagesState)
nest_builder.add_node("before", lambda s: {})
nest_builder.add_node("inner", inner_builder.compile())
nest_builder.add_node("after", lambda s: {})
nest_builder.add_edge(START, "before")
nest_builder.add_edge("before", "inner")
nest_builder.add_edge("inner", "after")
nest_builder.add_edge("after", END)
nest = nest_builder.compile()


# The same agent with every channel of the v2 protocol switched on (LangGraph's own transformers).
def _all_channels() -> Any:
    from langgraph.prebuilt import ToolCallTransformer
    from langgraph.stream.transformers import (
        CheckpointsTransformer,
        CustomTransformer,
        TasksTransformer,
        UpdatesTransformer,
    )

    return [
        ToolCallTransformer,
        CustomTransformer,
        UpdatesTransformer,
        TasksTransformer,
        CheckpointsTransformer,
    ]


chatx = chat_builder.compile(transformers=_all_channels())
