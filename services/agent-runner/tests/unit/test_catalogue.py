"""Users' graphs by import path, among them the example outside the services."""

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from langgraph.checkpoint.memory import InMemorySaver

from agent_runner.engine.catalogue import InvalidGraph, catalogue
from agent_runner.engine.steps import reply_of, steps_of

EXAMPLE = Path(__file__).parents[4] / "examples" / "own_graph"


@pytest.mark.parametrize("attribute", ["builder", "compiled"])
async def test_the_example_is_served(monkeypatch: pytest.MonkeyPatch, attribute: str) -> None:
    monkeypatch.syspath_prepend(EXAMPLE)
    graphs = await catalogue({}, f"shout=shout:{attribute}")

    graph = graphs["shout"].on(InMemorySaver()).graph
    config: Any = {"configurable": {"thread_id": "t"}}
    updates = [
        u async for u in graph.astream({"messages": [HumanMessage("hi all")]}, config, stream_mode="updates")
    ]

    steps = [step for update in updates for node, u in update.items() for step in steps_of(node, u)]
    assert [(step.kind, step.text) for step in steps] == [
        ("action", 'Execution logs:\ncount\nLast output: {"words": 2}'),
        ("final_answer", "HI ALL! (2 words)"),
    ]
    assert reply_of((await graph.aget_state(config)).values) == "HI ALL! (2 words)"


def test_the_working_directory_is_looked_into_last(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "own_graph_here.py").write_text((EXAMPLE / "shout.py").read_text())
    (tmp_path / "jwt.py").write_text("raise SystemExit('imported from the working directory')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [each for each in sys.path if each])

    assert list(catalogue({}, "mine=own_graph_here:builder")) == ["mine"]
    assert sys.path[-1] == str(tmp_path)
    monkeypatch.delitem(sys.modules, "jwt", raising=False)
    importlib.import_module("jwt")


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ("shout", "must be <name>=<module>:<attribute>"),
        ("a=module", "must be <name>=<module>:<attribute>"),
        ("a=no_such_module:x", "ModuleNotFoundError"),
        ("a=json:no_such_attribute", "AttributeError"),
        ("a=json:__doc__", "is a str, no LangGraph graph"),
        ("a=os:getcwd", "is a str, no LangGraph graph"),
    ],
)
async def test_an_entry_that_cannot_be_served_is_named(entry: str, reason: str) -> None:
    with pytest.raises(InvalidGraph) as raised:
        await catalogue({}, entry)

    assert entry in str(raised.value)
    assert reason in str(raised.value)


async def test_a_name_is_used_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(EXAMPLE)

    with pytest.raises(InvalidGraph, match="already a graph 'a'"):
        await catalogue({}, "a=shout:builder, a=shout:compiled")
