"""The graphs on a provider's model, over HTTP, against aimock's OpenAI-compatible server."""

import asyncio
import json
import re
import shutil
import subprocess
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import pytest_asyncio
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage
from langchain_core.tools import BaseTool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from agent_runner.agents.briefing import Briefing
from agent_runner.agents.graphs import chat, planner
from agent_runner.agents.models import select
from agent_runner.agents.tools.datasets import Datasets
from agent_runner.agents.tools.folder import DataFolder
from agent_runner.engine.faults import ModelFault

pytestmark = pytest.mark.asyncio(loop_scope="module")
# The provider's client keeps its connections, which belong to one event loop.

AIMOCK = "@copilotkit/aimock@1.43.0"
INSTALL_SECONDS = 120
START_SECONDS = 20


Planner: TypeAlias = Any
"""A compiled planner."""


def calls(name: str, arguments: Any) -> dict[str, Any]:
    return {"toolCalls": [{"name": name, "arguments": json.dumps(arguments, ensure_ascii=False)}]}


def fixture(match: dict[str, Any], response: dict[str, Any]) -> dict[str, Any]:
    return {"match": match, "response": response}


TOTAL = {
    "type": "analyze", "tool": "analyze_dataset", "description": "Add the sales up",
    "arguments": {"dataset": "sales_2023"},
}  # fmt: skip
CHANGED = {
    "verdict": "change",
    "arguments": {"template": "contract", "language": "en", "fields": {"amount": "$9,000"}},
}
PLANNER = {"systemMessage": "Only where a call needs the result of another"}
FIXTURES = [
    fixture({"systemMessage": "waits for the user's consent"}, calls("Agreement", CHANGED)),
    fixture(
        PLANNER | {"userMessage": "add up", "hasToolResult": False},
        calls("Plan", {"goal": "g", "steps": [TOTAL]}),
    ),
    fixture(
        PLANNER | {"userMessage": "agree", "hasToolResult": False},
        calls("draft_document", {"template": "contract", "language": "en"}),
    ),
    fixture(PLANNER | {"userMessage": "nonsense"}, calls("Plan", {"goal": 1, "steps": 2})),
    fixture(PLANNER | {"userMessage": "does not fit"}, calls("Plan", {"goal": 1, "steps": 2})),
    fixture(PLANNER | {"userMessage": "hello"}, {"content": "Hello to you."}),
    fixture(PLANNER | {"toolResultContains": "7053029000"}, {"content": "The total is 7,053,029,000."}),
    fixture(PLANNER | {"hasToolResult": True}, {"content": "The contract is drafted."}),
    fixture(
        {"userMessage": "who is in Rome", "hasToolResult": False}, calls("find_contacts", {"region": "Rome"})
    ),
    fixture({"userMessage": "who is in Rome", "hasToolResult": True}, {"content": "Sofia Rossi is in Rome."}),
]


@pytest.fixture(scope="session")
def aimock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder aimock is installed in."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("needs Node.js")
    folder = tmp_path_factory.mktemp("aimock")
    install = [npm, "install", "--no-audit", "--no-fund", "--prefix", str(folder), AIMOCK]
    installed = subprocess.run(install, capture_output=True, text=True, timeout=INSTALL_SECONDS)
    if installed.returncode != 0:
        pytest.skip(f"{AIMOCK} can't be had: {installed.stderr[-300:]}")
    return folder / "node_modules" / "@copilotkit" / "aimock" / "dist" / "cli.js"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def provider(aimock: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[BaseChatModel]:
    file = tmp_path_factory.mktemp("fixtures") / "fixtures.json"
    file.write_text(json.dumps({"fixtures": FIXTURES}, ensure_ascii=False), encoding="utf-8")
    server = await asyncio.create_subprocess_exec(
        "node",
        str(aimock),
        "-p",
        "0",
        "-f",
        str(file),
        "--strict",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(START_SECONDS):
            address = await address_of(server)
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("OPENAI_BASE_URL", f"{address}/v1")
            environment.setenv("OPENAI_API_KEY", "none")
            yield select("openai:gpt-4o-mini")
    finally:
        server.terminate()
        await server.communicate()


@pytest.fixture
def briefed(provider: BaseChatModel, tools: list[BaseTool]) -> Planner:
    folder = DataFolder()
    briefing = Briefing(folder, Datasets(folder), "Be brief.", lambda: date(2026, 1, 2))
    return planner.build(provider, tools, briefing=briefing).compile()


async def address_of(server: asyncio.subprocess.Process) -> str:
    assert server.stdout is not None
    async for line in server.stdout:
        if found := re.search(rb"listening on (http://\S+)", line):
            return found[1].decode()
    raise AssertionError("aimock ended without listening")


async def test_the_planner_plans_executes_and_streams(briefed: Planner) -> None:
    graph = briefed
    asked = {"messages": [HumanMessage("add up the sales")]}

    parts: list[Any] = [part async for part in graph.astream(asked, stream_mode=["custom", "values"])]

    state = next(part for mode, part in reversed(parts) if mode == "values")
    assert state["plan"]["steps"][0]["result"]["total"] == 7053029000
    assert state["final_result"] == "The total is 7,053,029,000."
    tokens = [part["token"].text for mode, part in parts if mode == "custom"]
    assert len(tokens) > 1
    assert "".join(tokens) == state["final_result"]


async def test_an_answer_in_words_revises_the_step(briefed: Planner) -> None:
    graph = briefed.copy(update={"checkpointer": InMemorySaver()})
    config: Any = {"configurable": {"thread_id": "t"}}

    stopped = await graph.ainvoke({"messages": [HumanMessage("agree on a deal")]}, config)
    shown = await graph.ainvoke(Command(resume="for nine thousand dollars"), config)
    state = await graph.ainvoke(Command(resume="yes"), config)

    assert stopped["__interrupt__"][0].value["question"] == "Shall I go ahead and draft the contract?"
    assert shown["__interrupt__"][0].value["question"].startswith("With this change: amount: $9,000. Shall I")
    assert "$9,000" in state["plan"]["steps"][0]["result"]["markdown"]
    assert state["final_result"] == "The contract is drafted."


async def test_small_talk_is_one_call(provider: BaseChatModel, briefed: Planner) -> None:
    asked = {"messages": [HumanMessage("hello")]}

    parts: list[Any] = [part async for part in briefed.astream(asked, stream_mode=["custom", "updates"])]

    assert [node for mode, part in parts if mode == "updates" for node in part] == [
        "intent_understanding",
        "planning",
        "response",
    ]
    assert "".join(part["token"].text for mode, part in parts if mode == "custom") == "Hello to you."


async def test_a_plan_that_does_not_fit_is_a_clear_failure(briefed: Planner) -> None:
    with pytest.raises(ModelFault, match="could not be used"):
        await briefed.ainvoke({"messages": [HumanMessage("nonsense")]})


async def test_the_chat_graph_calls_tools(provider: BaseChatModel, tools: list[BaseTool]) -> None:
    graph = chat.build(provider, tools).compile()

    state = await graph.ainvoke({"messages": [HumanMessage("who is in Rome?")]})

    assert "Sofia Rossi" in state["messages"][2].text
    assert state["messages"][-1].text == "Sofia Rossi is in Rome."
