"""A state that its own graph cannot read is not kept, since nothing could ever follow it."""

import json
import operator
from dataclasses import dataclass, field
from typing import Annotated, Any, TypedDict

import pytest
from langgraph.graph import START, StateGraph
from pydantic import BaseModel

from agent_runner.engine.checkpointer import LogCheckpointSaver
from agent_runner.engine.state_queries import States
from contracts.events import NodeCompleted, RunCompleted, RunFailed
from contracts.queries import StateQuery, StateUpdate, ThreadStatesQuery, UpdateState


class Checked(BaseModel):
    """Refuses a wrong value."""

    number: int
    log: Annotated[list[str], operator.add] = []


@dataclass
class Needing:
    """Refuses to do without a value."""

    number: int
    log: Annotated[list[str], operator.add] = field(default_factory=list)


def graph_of(schema: type[Any], *, returns: Any = None) -> Any:
    """Notes each number; when that is 13, its first node gives `returns` as the next one."""

    def first(state: Any) -> Any:
        number = returns if state.number == 13 else state.number
        return {"number": number, "log": [f"first {state.number}"]}

    def second(state: Any) -> Any:
        return {"log": [f"second {state.number}"]}

    graph = StateGraph(schema).add_node("first", first).add_node("second", second)
    return graph.add_edge(START, "first").add_edge("first", "second")


async def state(talk: Any) -> Any:
    (text,) = (await talk.reader().states(ThreadStatesQuery(conversation=talk.KEY))).states
    return json.loads(text)


async def run(talk: Any, given: Any, **options: Any) -> Any:
    return await talk.run(await talk.requested(input=given, **options))


@pytest.mark.parametrize("durability", ["async", "exit"])
@pytest.mark.parametrize(
    ("schema", "wrong", "before"),
    [
        (Checked, {"number": "x"}, [1]),
        (Checked, {"number": "x"}, []),
        (Checked, {}, []),
        (Needing, {}, []),
    ],
)
async def test_a_conversation_goes_on_after_an_input_that_does_not_fit(
    runs: Any, schema: type[Any], wrong: Any, before: list[int], durability: Any
) -> None:
    talk = runs(graph_of(schema))
    for number in before:
        assert isinstance(await run(talk, {"number": number}), RunCompleted)
    said = [f"{node} {number}" for number in before for node in ("first", "second")]
    assert isinstance(await run(talk, wrong, durability=durability), RunFailed)
    assert (await state(talk))["values"].get("log", []) == said
    assert isinstance(await run(talk, {"number": 2}, durability=durability), RunCompleted)
    assert (await state(talk))["values"]["log"] == [*said, "first 2", "second 2"]


async def test_a_conversation_goes_on_after_a_node_that_gives_what_does_not_fit(runs: Any) -> None:
    talk = runs(graph_of(Checked, returns="x"))
    assert isinstance(await run(talk, {"number": 13}), RunFailed)
    assert [event.node for event in await talk.events(NodeCompleted)] == ["first"]
    assert (await state(talk))["next"] == ["first"]
    assert isinstance(await run(talk, {"number": 2}), RunCompleted)
    assert (await state(talk))["values"]["log"] == ["first 2", "second 2"]


def add(one: str, other: str) -> str:
    if other == "bad":
        raise ValueError("a reducer refuses")
    return one + other


class Word(TypedDict):
    word: str


class Added(TypedDict):
    word: Annotated[str, add]


@pytest.mark.parametrize(
    ("schema", "nodes", "left"),
    [
        (Word, {"a": "1", "b": "2"}, {"word": "x"}),
        (Added, {"a": "bad", "b": "2"}, {"word": "x"}),
        (Added, {"a": "bad"}, {"word": "x"}),
    ],
    ids=["two write at once", "a reducer refuses", "a reducer refuses, of one node"],
)
async def test_what_cannot_be_put_together_hides_no_state(
    runs: Any, schema: type[Any], nodes: dict[str, str], left: dict[str, str]
) -> None:
    graph = StateGraph(schema)
    for name, word in nodes.items():
        graph.add_node(name, lambda state, word=word: {"word": word if "z" not in state["word"] else "y"})
    graph.add_conditional_edges(START, lambda state: ["a"] if "z" in state["word"] else [*nodes], [*nodes])
    talk = runs(graph)
    assert isinstance(await run(talk, {"word": "x"}), RunFailed)
    told = await state(talk)
    assert (told["values"], sorted(told["next"])) == (left, sorted(nodes))
    states = States(
        talk.log, talk.author, LogCheckpointSaver(talk.log, talk.author), talk.reader()._graphs, "graph"
    )
    assert json.loads((await states.state(StateQuery(conversation=talk.KEY))).text) == left
    assert isinstance(await run(talk, {"word": "z"}), RunCompleted)
    assert (await state(talk))["values"]["word"].endswith("y")


async def test_an_update_that_does_not_fit_is_refused(runs: Any) -> None:
    talk = runs(graph_of(Checked))
    await run(talk, {"number": 1})
    before = await state(talk)
    wrong = UpdateState(
        conversation=talk.KEY, supersteps=((StateUpdate(values={"number": "x"}, as_node="first"),),)
    )
    assert "number" in ((await talk.reader().update(wrong)).refusal or "")
    assert await state(talk) == before
    assert isinstance(await run(talk, {"number": 2}), RunCompleted)
