"""The `chat` graph: a chat model that calls tools until it has an answer (ReAct).

What a run of it looks like from outside is fixed by the room protocol: an input step that is hidden,
then in the node ``model`` the chat model, a hidden step and a visible one. So these are steps of
their own here, and what it does not show, `Route` and `Reply`, makes no run of its own.
"""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final, TypedDict
from uuid import uuid4

from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, AnyMessage, BaseMessage
from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda, RunnableSequence
from langchain_core.tools import BaseTool
from langgraph.constants import TAG_HIDDEN
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.prebuilt import ToolNode

from agent_runner.agents.graphs.streaming import finished, stream_whole
from agent_runner.engine.effects import commits

MODEL_TAG: Final = "agent_llm"


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

    def __init__(self, model: Runnable[LanguageModelInput, AIMessage]) -> None:
        self._model = model

    def invoke(
        self,
        input: ChatState,  # noqa: A002 - LangChain's name
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> BaseMessage:
        """All at once."""
        return self._model.invoke(input["messages"], config)

    async def ainvoke(
        self,
        input: ChatState,  # noqa: A002 - LangChain's name
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> BaseMessage | None:
        """All that the model says, its tokens sent on as they come."""
        return await stream_whole(self._model, input["messages"], config or {})


def build(model: BaseChatModel, tools: Sequence[BaseTool]) -> StateGraph[ChatState, None, Any, Any]:
    """The uncompiled graph. Tools that commit the user are left out: nobody is asked here.

    A token leaves by the stream writer as ``{"token": AIMessageChunk}``, a fraction of the cost of
    LangGraph's own message stream, which works too.
    """
    harmless = [tool for tool in tools if not commits(tool)]
    bound = model.bind_tools(harmless) if harmless else model
    tool_node = ToolNode(harmless, handle_tool_errors=str)

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

    def after_model(state: ChatState) -> str:
        last = state["messages"][-1]
        return "tools" if isinstance(last, AIMessage) and last.tool_calls else END

    graph = StateGraph(ChatState)
    graph.add_node(
        "model",
        RunnableSequence(
            Reply(bound.with_config(tags=[MODEL_TAG])),
            RunnableLambda(finish).with_config(tags=[TAG_HIDDEN]),
            RunnableLambda(as_update),
        ),
    )
    graph.add_node("tools", call_tools)
    graph.add_conditional_edges(START, Route(lambda _: "model"), ["model"])
    graph.add_conditional_edges("model", Route(after_model), ["tools", END])
    graph.add_edge("tools", "model")
    return graph
