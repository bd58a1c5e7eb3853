"""The embedded model as any LangChain chat model."""

from typing import Any

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.tools import BaseTool
from pydantic import BaseModel

from agent_runner.agents.models import select
from agent_runner.agents.models.select import UnknownModel
from agent_runner.agents.planning import Agreement, Plan


@pytest.mark.parametrize("text", ["안녕하세요", "What can you do?", "compose a symphony"])
async def test_tokens_add_up_to_the_reply(text: str) -> None:
    model = select()

    tokens = [token async for token in model.astream(text)]

    assert len(tokens) >= 3
    assert "".join(token.text for token in tokens) == (await model.ainvoke(text)).text
    assert len({token.id for token in tokens}) == 1


async def test_a_tool_call_streams_in_pieces(tools: list[BaseTool]) -> None:
    model = select().bind_tools(tools)
    chunks = [chunk async for chunk in model.astream("Analyse notebook sales of 2023 in Seoul")]
    pieces = [
        piece for chunk in chunks if isinstance(chunk, AIMessageChunk) for piece in chunk.tool_call_chunks
    ]

    whole: Any = chunks[0]
    for chunk in chunks[1:]:
        whole = whole + chunk

    assert len(pieces) >= 2
    assert isinstance(whole, AIMessageChunk)
    assert [(c["name"], c["args"]) for c in whole.tool_calls] == [
        ("describe_dataset", {"dataset": "sales_2023"})
    ]


async def test_it_says_what_it_is_and_what_is_beyond_it() -> None:
    model = select()

    assert "embedded, rule-based model" in (await model.ainvoke("who are you?")).text
    assert "beyond me" in (await model.ainvoke("compose a symphony")).text
    assert "범위를 벗어납니다" in (await model.ainvoke("교향곡을 작곡해줘")).text


async def test_it_plans_where_it_may(tools: list[BaseTool]) -> None:
    model = select().bind_tools([*tools, Plan])

    planned: Any = await model.ainvoke("프로젝트 진행 상황을 그래프로 보여줘")
    answered: Any = await model.ainvoke("안녕하세요")

    (call,) = planned.tool_calls
    assert call["name"] == "Plan"
    assert [step["tool"] for step in call["args"]["steps"]] == [
        "describe_dataset",
        "analyze_dataset",
        "analyze_dataset",
    ]
    assert answered.tool_calls == []


async def test_it_leaves_answers_to_the_planner_s_own_rules() -> None:
    assert await select().with_structured_output(Agreement).ainvoke("yes") == Agreement(verdict="unclear")


def test_it_refuses_a_schema_it_has_no_rules_for() -> None:
    class Poem(BaseModel):
        lines: list[str]

    with pytest.raises(NotImplementedError, match="Poem"):
        select().with_structured_output(Poem)


async def test_without_the_tool_it_says_so(tools: list[BaseTool]) -> None:
    only = [tool for tool in tools if tool.name == "search_notes"]

    reply: Any = await select().bind_tools(only).ainvoke("계약서를 작성해주세요")

    assert isinstance(reply, AIMessage)
    assert not reply.tool_calls
    assert "도구를 쓸 수 없습니다" in reply.text


@pytest.mark.parametrize("name", ["gpt-5", "openai:", "nobody:model"])
def test_a_model_that_cannot_be_loaded_is_named(name: str) -> None:
    with pytest.raises(UnknownModel, match=name):
        select(name)
