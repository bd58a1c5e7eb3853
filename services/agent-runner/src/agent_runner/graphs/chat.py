"""The `chat` graph: a chat model that calls tools until it has an answer (ReAct)."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypedDict
from uuid import uuid4

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AnyMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool
from langgraph.graph import START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.prebuilt import ToolNode

from agent_runner.graphs.streaming import stream_reply
from agent_runner.tools import commits


class ChatState(TypedDict, total=False):
    """The conversation, tool calls and results included."""

    messages: Annotated[list[AnyMessage], add_messages]


def build(model: BaseChatModel, tools: Sequence[BaseTool]) -> StateGraph[ChatState, None, Any, Any]:
    """The uncompiled graph. Tools that commit the user are left out: nobody is asked here.

    A token leaves by the stream writer as ``{"token": AIMessageChunk}``, a fraction of the cost of
    LangGraph's own message stream, which works too.
    """
    harmless = [tool for tool in tools if not commits(tool)]
    bound = model.bind_tools(harmless) if harmless else model

    async def respond(state: ChatState, config: RunnableConfig) -> ChatState:
        return {"messages": [await stream_reply(bound, state["messages"], config)]}

    async def call_tools(state: ChatState, config: RunnableConfig) -> ChatState:
        called = await tool_node.ainvoke(state, config)
        messages = called["messages"]
        for message in messages:
            message.id = message.id or f"tool-{uuid4()}"
        return {"messages": messages}

    async def after_model(state: ChatState) -> Literal["tools", "__end__"]:
        last = state["messages"][-1]
        return "tools" if isinstance(last, AIMessage) and last.tool_calls else "__end__"

    tool_node = ToolNode(harmless, handle_tool_errors=str)
    graph = StateGraph(ChatState)
    graph.add_node("model", respond)
    graph.add_node("tools", call_tools)
    graph.add_edge(START, "model")
    graph.add_conditional_edges("model", after_model)
    graph.add_edge("tools", "model")
    return graph
