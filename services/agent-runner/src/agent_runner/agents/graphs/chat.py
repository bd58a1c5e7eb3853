"""The `chat` graph: a chat model that calls tools until it has an answer (ReAct).

What a run of it looks like from outside is fixed by the room protocol: an input step that is hidden,
then in the node ``model`` the chat model, a hidden step and a visible one. So these are steps of
their own here, and what it does not show, `Route` and `Reply`, makes no run of its own.
"""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final, TypedDict
from uuid import uuid4

from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, AnyMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda, RunnableSequence
from langchain_core.tools import BaseTool
from langgraph.constants import TAG_HIDDEN
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.prebuilt import ToolNode

from agent_runner.agents.briefing import Briefing
from agent_runner.agents.graphs.streaming import finished, stream_whole
from agent_runner.agents.graphs.summary import NODE, Summary
from agent_runner.engine.effects import commits
from agent_runner.engine.faults import Language, language_of, sentence, told

MODEL_TAG: Final = "agent_llm"
MOST_ROUNDS: Final = 10
"""Calls of tools, side by side or alone, until the model has to answer."""


class ChatState(TypedDict, total=False):
    """The conversation, tool calls and results included."""

    messages: Annotated[list[AnyMessage], add_messages]


class Route(Runnable[ChatState, str]):
    """The name of the next node, found without a run of its own."""

    name = "route"

    def __init__(self, choose: Callable[[ChatState], str]) -> None:
        self._choose = choose

    def invoke(
        self,
        input: ChatState,  # noqa: A002 - LangChain's name
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> str:
        """The node that follows."""
        return self._choose(input)

    async def ainvoke(
        self,
        input: ChatState,  # noqa: A002 - LangChain's name
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> str:
        """The node that follows."""
        return self._choose(input)


class Reply(Runnable[ChatState, BaseMessage | None]):
    """What the model says to the state's messages; the model's run is the only one."""

    def __init__(self, model: Runnable[LanguageModelInput, AIMessage], briefing: Briefing | None) -> None:
        self._model = model
        self._briefing = briefing

    def invoke(
        self,
        input: ChatState,  # noqa: A002 - LangChain's name
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> BaseMessage:
        """All at once, and without what a briefing would tell, which has to be waited for."""
        return self._model.invoke(input["messages"], config)

    async def ainvoke(
        self,
        input: ChatState,  # noqa: A002 - LangChain's name
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> BaseMessage | None:
        """All that the model says, its tokens sent on as they come."""
        messages = input["messages"]
        if self._briefing:
            spoken = bool((config or {}).get("configurable", {}).get("spoken"))
            briefing = await self._briefing.message("chat", _language(messages), spoken=spoken)
            messages = [briefing, *messages]
        return await stream_whole(self._model, messages, config or {})


def _language(messages: Sequence[BaseMessage]) -> Language:
    said = next((message for message in reversed(messages) if isinstance(message, HumanMessage)), None)
    return language_of(said.text) if said else "en"


def build(
    model: BaseChatModel,
    tools: Sequence[BaseTool],
    briefing: Briefing | None = None,
    summary: Summary | None = None,
) -> StateGraph[ChatState, None, Any, Any]:
    """The uncompiled graph. Tools that commit the user are left out: nobody is asked here.

    Without `briefing` the model is told nothing besides the messages. With `summary` a long conversation is
    shortened.

    A token leaves by the stream writer as ``{"token": AIMessageChunk}``, a fraction of the cost of
    LangGraph's own message stream, which works too.
    """
    harmless = [tool for tool in tools if not commits(tool)]
    bound = model.bind_tools(harmless) if harmless else model
    tool_node = ToolNode(harmless, handle_tool_errors=_told)

    async def finish(whole: BaseMessage | None) -> AIMessage:
        return finished(whole)

    async def as_update(message: AIMessage) -> ChatState:
        return {"messages": [message]}

    async def call_tools(state: ChatState, config: RunnableConfig) -> ChatState:
        called = await tool_node.ainvoke(state, config)
        messages = called["messages"]
        for message in messages:
            message.id = message.id or f"tool-{uuid4()}"
        return {"messages": messages}

    async def tired(state: ChatState) -> ChatState:
        reply = AIMessage(sentence("loop", _language(state["messages"])), id=f"msg-{uuid4()}")
        calls = state["messages"][-1]
        unheard = [
            ToolMessage(reply.text, tool_call_id=call["id"]) for call in getattr(calls, "tool_calls", ())
        ]
        return {"messages": [*unheard, reply]}

    def after_model(state: ChatState) -> str:
        last = state["messages"][-1]
        if not (isinstance(last, AIMessage) and last.tool_calls):
            return END
        return "tools" if _rounds(state["messages"]) <= MOST_ROUNDS else "tired"

    graph = StateGraph(ChatState)
    graph.add_node(
        "model",
        RunnableSequence(
            Reply(bound.with_config(tags=[MODEL_TAG]), briefing),
            RunnableLambda(finish).with_config(tags=[TAG_HIDDEN]),
            RunnableLambda(as_update),
        ),
    )
    graph.add_node("tools", call_tools)
    graph.add_node("tired", tired)
    if summary:
        graph.add_node(NODE, summary.node())
        graph.add_edge(NODE, "model")
        is_due = summary.is_due
        first = Route(lambda state: NODE if is_due(state["messages"]) else "model")
        graph.add_conditional_edges(START, first, [NODE, "model"])
    else:
        graph.add_conditional_edges(START, Route(lambda _: "model"), ["model"])
    graph.add_conditional_edges("model", Route(after_model), ["tools", "tired", END])
    graph.add_edge("tools", "model")
    graph.add_edge("tired", END)
    return graph


def _rounds(messages: Sequence[BaseMessage]) -> int:
    """How often the model has called tools since the last thing that the user said."""
    rounds = 0
    for message in reversed(messages):
        if isinstance(message, HumanMessage):
            break
        rounds += isinstance(message, AIMessage) and bool(message.tool_calls)
    return rounds


def _told(error: Exception) -> str:
    return told(error, "en")
