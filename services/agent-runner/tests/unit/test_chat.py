"""The chat graph with the embedded model."""

from typing import Any

from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import BaseTool

from agent_runner.agents.graphs.chat import build
from agent_runner.agents.models import select


async def test_it_calls_tools_until_it_has_an_answer(tools: list[BaseTool]) -> None:
    graph = build(select(), tools).compile()

    state = await graph.ainvoke({"messages": [HumanMessage("2023년 매출 분석")]})

    kinds = [type(message) for message in state["messages"]]
    assert kinds == [HumanMessage, *[AIMessage, ToolMessage] * 3, AIMessage]
    assert all(message.id for message in state["messages"])
    assert "합계" in state["messages"][-1].text


async def test_tokens_leave_one_by_one(tools: list[BaseTool]) -> None:
    graph = build(select(), tools).compile()
    asked = {"messages": [HumanMessage("안녕 반가워요")]}

    parts: list[Any] = [
        part async for part in graph.astream(asked, stream_mode=["custom", "messages", "values"])
    ]

    tokens = [part["token"].text for mode, part in parts if mode == "custom"]
    messages = [part[0].text for mode, part in parts if mode == "messages"]
    assert len(tokens) > 2
    assert tokens == messages
    assert (
        "".join(tokens)
        == next(part for mode, part in reversed(parts) if mode == "values")["messages"][-1].text
    )


async def test_a_failing_tool_is_answered(tools: list[BaseTool]) -> None:
    graph = build(select(), tools).compile()

    state = await graph.ainvoke({"messages": [HumanMessage("2019년 매출 분석")]})

    assert "sales_2019" in state["messages"][-1].text


async def test_nothing_that_commits_is_done_without_asking(tools: list[BaseTool]) -> None:
    graph = build(select(), tools).compile()

    state = await graph.ainvoke({"messages": [HumanMessage("draft a contract")]})

    assert "needs your approval" in state["messages"][-1].text
