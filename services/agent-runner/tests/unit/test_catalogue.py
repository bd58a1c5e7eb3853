"""Users' graphs by import path, among them the example outside the services."""

import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from langgraph.checkpoint.memory import InMemorySaver

from agent_runner.engine.catalogue import InvalidGraph, catalogue
from agent_runner.engine.fitting import Unfit
from agent_runner.engine.loading import named_in
from agent_runner.engine.steps import reply_of, steps_of

EXAMPLE = Path(__file__).parents[4] / "examples" / "own_graph"


@pytest.mark.parametrize("attribute", ["builder", "compiled"])
async def test_the_example_is_served(monkeypatch: pytest.MonkeyPatch, attribute: str) -> None:
    monkeypatch.syspath_prepend(EXAMPLE)
    graphs = await catalogue({}, named_in(f"shout=shout:{attribute}", Path.cwd()))

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


async def test_the_working_directory_is_looked_into_last(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "own_graph_here.py").write_text((EXAMPLE / "shout.py").read_text())
    (tmp_path / "jwt.py").write_text("raise SystemExit('imported from the working directory')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [each for each in sys.path if each])

    assert list(await catalogue({}, named_in("mine=own_graph_here:builder", Path.cwd()))) == ["mine"]
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
        await catalogue({}, named_in(entry, Path.cwd()))

    assert entry in str(raised.value)
    assert reason in str(raised.value)


async def test_a_name_is_used_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(EXAMPLE)

    with pytest.raises(InvalidGraph, match="already a graph 'a'"):
        await catalogue({}, named_in("a=shout:builder, a=shout:compiled", Path.cwd()))


PROJECT = """
from contextlib import asynccontextmanager
from langchain_core.messages import AIMessage
from langgraph.graph import START, MessagesState, StateGraph
from beside import WORD

built = 0

def builder(word=WORD):
    graph = StateGraph(MessagesState)
    graph.add_node("say", lambda _: {"messages": [AIMessage(word)]})
    graph.add_edge(START, "say")
    return graph

async def awaited():
    return builder().compile()

def configured(config):
    return builder(config["configurable"].get("word", WORD))

@asynccontextmanager
async def opened(config):
    global built
    built += 1
    yield builder()
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "beside.py").write_text("import os\nWORD = os.environ.get('GRAPH_WORD', 'hello')\n")
    (tmp_path / "own.py").write_text(PROJECT)
    return tmp_path


NO_MESSAGE = """
from typing import TypedDict
from langgraph.graph import START, StateGraph


class Joke(TypedDict):
    topic: str
    joke: str


graph = StateGraph(Joke).add_node("tell", lambda s: {"joke": s["topic"]}).add_edge(START, "tell")
"""


async def test_a_graph_that_no_message_fits_is_served_to_runs_with_an_input(project: Path) -> None:
    (project / "jokes.py").write_text(NO_MESSAGE)
    (project / "langgraph.json").write_text(json.dumps({"graphs": {"own": "./jokes.py:graph"}}))
    graphs = await catalogue({}, named_in("langgraph.json", project))
    ready = graphs["own"].on(InMemorySaver())
    async with ready.opened() as graph:
        told = await graph.ainvoke({"topic": "cats"}, {"configurable": {"thread_id": "t"}})
        with pytest.raises(Unfit, match="set `input` for it"):
            ready.intake(graph)(HumanMessage("hello"), {})
    assert told["joke"] == "cats"


@pytest.mark.parametrize("attribute", ["awaited", "configured", "opened"])
async def test_functions_of_every_form_in_a_file(project: Path, attribute: str) -> None:
    graphs = await catalogue({}, named_in(f"own=./own.py:{attribute}", project))
    async with graphs["own"].on(InMemorySaver()).opened() as graph:
        said = await graph.ainvoke({"messages": []}, {"configurable": {"thread_id": "t"}})
    assert said["messages"][-1].text == "hello"


async def test_a_langgraph_project_is_served_as_it_is(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAPH_OTHER", "kept")
    (project / ".env").write_text("GRAPH_OTHER=changed\nGRAPH_NEW=set\n")
    named = {"one": "./own.py:awaited", "two": {"path": "./own.py:configured"}}
    file = project / "langgraph.json"
    file.write_text(json.dumps({"dependencies": ["."], "graphs": named, "env": ".env"}))
    (project / "parley.toml").write_text("[graphs.one]\nrecursion_limit = 7\n")
    graphs = await catalogue({}, named_in("langgraph.json", project))
    assert list(graphs) == ["one", "two"]
    assert graphs["one"].settings.recursion_limit == 7
    assert (os.environ["GRAPH_OTHER"], os.environ.pop("GRAPH_NEW")) == ("kept", "set")


async def test_a_fresh_clone_of_a_template_lacks_the_file_that_it_names(
    project: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = project / "langgraph.json"
    file.write_text(json.dumps({"dependencies": ["."], "graphs": {"one": "./own.py:awaited"}, "env": ".env"}))
    assert list(await catalogue({}, named_in("langgraph.json", project))) == ["one"]
    assert "env: there is no file .env" in caplog.text


FORMS = """
from __future__ import annotations
from typing import TypedDict
from langgraph.func import entrypoint
from langgraph.graph import START, StateGraph

class Form(TypedDict):
    topic: dict
    pages: int

class Talk(TypedDict):
    messages: list

form = StateGraph(Form).add_node("node", lambda _: {}).add_edge(START, "node")

@entrypoint()
async def talk(state: Talk) -> str:
    return state["messages"][-1].text
"""


async def test_a_project_may_have_graphs_that_take_no_messages(
    project: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (project / "forms.py").write_text(FORMS)
    named = {"form": "./forms.py:form", "talk": "./forms.py:talk"}
    (project / "langgraph.json").write_text(json.dumps({"dependencies": ["."], "graphs": named}))
    assert list(await catalogue({}, named_in("langgraph.json", project))) == ["form", "talk"]
    assert "graphs.form: './forms.py:form': by LangGraph's API only: the graph takes topic" in caplog.text
    assert "graphs.talk" not in caplog.text
    with pytest.raises(InvalidGraph, match="neither messages nor one text"):
        await catalogue({}, named_in("form=./forms.py:form", project))


@pytest.mark.parametrize(
    ("toml", "reason"),
    [
        ("[graphs.a]\npath = './own.py:awaited'\nrecursion_limit = 0", "graphs.a.recursion_limit"),
        ("[graphs.a]\npath = './own.py:awaited'\nreplies = 'x'", "graphs.a.replies"),
        ("[graphs.a]\npath = './own.py:awaited'\nreply = 'x'", "no field 'x'"),
        ("[graphs.b]\ntimeout = 3", "graphs.b: there is no such graph"),
        ("graphs = [", "graphs.toml"),
    ],
)
async def test_a_file_that_is_wrong_is_refused_in_one_line(project: Path, toml: str, reason: str) -> None:
    (project / "graphs.toml").write_text(toml)
    with pytest.raises(InvalidGraph) as raised:
        await catalogue({}, named_in("graphs.toml", project))
    assert reason in str(raised.value)
    assert "\n" not in str(raised.value)
