"""A conversation that outgrows the model, summarised by it."""

import json
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from langchain_core.tools import BaseTool
from langgraph.checkpoint.memory import InMemorySaver
from tests.model_server import Write, refuse, say, serving

from agent_runner.agents.graphs import chat, planner
from agent_runner.agents.graphs.summary import Summary
from agent_runner.agents.models import select
from agent_runner.agents.models.provider import Limits
from agent_runner.agents.prompts import prompt

TOKENS = 2_000
FACT = "My dog is called Rex."
FILLING = "Tell me more about the weather. " * 20
QUESTION = "What is my dog called?"
TURNS = 14


def is_summary(body: dict[str, Any]) -> bool:
    return str(body["messages"][0]["content"]).startswith(prompt("summary")[:30])


async def remembering(write: Write, number: int, body: dict[str, Any]) -> None:
    """Knows what it is sent, and no more."""
    knows = "Rex" in json.dumps(body["messages"])
    if is_summary(body):
        await say(write, body, "The user's dog is called Rex." if knows else "Nothing was said.")
    elif body["messages"][-1]["content"] == QUESTION:
        await say(write, body, "Rex" if knows else "I don't know")
    else:
        await say(write, body, "x" * 200)


async def failing(write: Write, number: int, body: dict[str, Any]) -> None:
    if is_summary(body):
        await refuse(write, 400, "no")
    else:
        await remembering(write, number, body)


async def talk(
    behaviour: Any, graph: str, tools: list[BaseTool], *, summarised: bool
) -> tuple[str, Any, int]:
    """The last answer, the messages that are left, and the number of summaries."""
    async with serving(behaviour) as server:
        model = select("openai:m", server.url, limits=Limits(history=TOKENS))
        build: Any = chat.build if graph == "chat" else planner.build
        summary = Summary(model, TOKENS) if summarised else None
        compiled = build(model, tools, summary=summary).compile(checkpointer=InMemorySaver())
        config: Any = {"configurable": {"thread_id": "t"}}
        state: dict[str, Any] = {}
        for said in (FACT, *[FILLING] * TURNS, QUESTION):
            state = await compiled.ainvoke({"messages": [HumanMessage(said)]}, config)
    asked = sum(map(is_summary, server.asked))
    assert len(server.asked) == TURNS + 2 + asked
    return state["messages"][-1].text, state["messages"], asked


@pytest.mark.parametrize("graph", ["chat", "planner"])
async def test_an_old_fact_survives_in_the_summary(graph: str, tools: list[BaseTool]) -> None:
    answer, messages, summaries = await talk(remembering, graph, tools, summarised=True)

    assert answer == "Rex"
    assert 1 <= summaries < TURNS / 2
    assert len(messages) < 1.5 * TURNS
    assert messages[-2].text == QUESTION


@pytest.mark.parametrize("graph", ["chat", "planner"])
async def test_without_the_setting_it_is_left_out(graph: str, tools: list[BaseTool]) -> None:
    answer, messages, summaries = await talk(remembering, graph, tools, summarised=False)

    assert answer == "I don't know"
    assert (summaries, len(messages)) == (0, 2 * (TURNS + 2))


async def test_a_summary_that_fails_fails_no_answer(tools: list[BaseTool]) -> None:
    answer, messages, summaries = await talk(failing, "chat", tools, summarised=True)

    assert answer == "I don't know"
    assert summaries
    assert len(messages) == 2 * (TURNS + 2)
