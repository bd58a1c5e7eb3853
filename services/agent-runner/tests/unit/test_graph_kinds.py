"""Graphs in the styles that people write, over the log: what they give, and what is not done again."""

import asyncio
import operator
import threading
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Annotated, Any, TypedDict

import pytest
from langchain.agents import create_agent
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.func import entrypoint, task
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.graph.message import add_messages
from langgraph.runtime import Runtime
from langgraph.types import Command, Send
from pydantic import BaseModel

from agent_runner.engine.catalogue import Served
from agent_runner.engine.fitting import Unfit, intake_of, reply_in
from agent_runner.engine.graph_settings import GraphSettings
from agent_runner.engine.presentation import Presentation
from contracts.events import NodeCompleted, RunFailed


class State(TypedDict, total=False):
    messages: Annotated[list[AnyMessage], add_messages]
    got: Annotated[list[str], operator.add]


def one(node: Any, state: Any = MessagesState) -> Any:
    graph = StateGraph(state)
    graph.add_node("node", node)
    graph.add_edge(START, "node")
    graph.add_edge("node", END)
    return graph


class Gate:
    """Counts what is done, and lets a test know when something is reached that waits."""

    def __init__(self) -> None:
        self.done: Counter[str] = Counter()
        self.reached = asyncio.Event()
        self.open = False

    async def pass_by(self, name: str, *, waits: bool = False) -> None:
        if waits and not self.open:
            self.open = True
            self.reached.set()
            await asyncio.Event().wait()
        self.done[name] += 1


@pytest.mark.parametrize(
    "written",
    [
        AIMessage("hi"),
        [AIMessage("hi")],
        ("ai", "hi"),
        [("ai", "hi")],
        {"role": "assistant", "content": "hi"},
    ],
    ids=str,
)
async def test_messages_of_every_form(runs: Any, written: Any) -> None:
    talk = runs(one(lambda _: {"messages": written}))
    assert (await talk.say("hello")).text == "hi"
    (completed,) = await talk.events(NodeCompleted)
    assert [(step.kind, step.text) for step in completed.steps] == [("final_answer", "hi")]
    assert completed.update["messages"][0]["content"] == "hi"


async def test_agents(runs: Any) -> None:
    model = GenericFakeChatModel(messages=iter([AIMessage("one"), AIMessage("two")]))
    talk = runs(create_agent(model))
    assert [(await talk.say(text)).text for text in ("a", "b")] == ["one", "two"]


async def test_functional_graphs(runs: Any) -> None:
    @task
    async def double(number: int) -> int:
        return 2 * number

    @entrypoint()
    async def whole(given: dict[str, Any], *, previous: Any = None) -> str:
        return f"{await double(2)} {given['messages'][-1].text} {previous}"

    @entrypoint()
    async def text(given: str) -> str:
        return given.upper()

    talk = runs(whole)
    assert [(await talk.say(said)).text for said in ("a", "b")] == ["4 a None", "4 b 4 a None"]
    ends = [event.model_dump(exclude={"checkpoints"}) for event in await talk.events(NodeCompleted)]
    assert "__end__" not in str([(end["update"], end["steps"]) for end in ends])
    shout = runs(served(text))
    assert (await shout.say("hello")).text == "HELLO"


async def test_finished_branches_do_not_run_again(runs: Any) -> None:
    gate = Gate()

    async def branch(state: Any) -> State:
        await gate.pass_by(f"branch {state['n']}", waits=state["n"] == 2)
        return {"got": [f"b{state['n']}"]}

    graph = StateGraph(State)
    graph.add_node("branch", branch)
    graph.add_node("join", lambda state: {"messages": [AIMessage(",".join(state["got"]))]}, defer=True)
    graph.add_conditional_edges(START, lambda _: [Send("branch", {"n": n}) for n in range(3)], ["branch"])
    graph.add_edge("branch", "join")
    talk = runs(graph)
    work = await talk.receive("go")
    await talk.killed(work, gate.reached, NodeCompleted, 2)
    assert (await talk.run(work)).text == "b0,b1,b2"
    assert gate.done == {"branch 0": 1, "branch 1": 1, "branch 2": 1}
    assert [event.node for event in await talk.events(NodeCompleted)] == ["branch"] * 3 + ["join"]


async def test_finished_tasks_do_not_run_again(runs: Any) -> None:
    gate = Gate()

    @task
    async def work_on(number: int) -> int:
        await gate.pass_by(f"task {number}", waits=number == 2)
        return number

    @entrypoint()
    async def graph(given: dict[str, Any]) -> str:
        return str([await work_on(number) for number in range(4)])

    talk = runs(graph)
    work = await talk.receive("go")
    await talk.killed(work, gate.reached, NodeCompleted, 2)
    assert (await talk.run(work)).text == "[0, 1, 2, 3]"
    assert set(gate.done.values()) == {1}


async def test_finished_nodes_of_a_subgraph_do_not_run_again(runs: Any) -> None:
    gate = Gate()

    def step(name: str) -> Any:
        async def node(state: State) -> State:
            await gate.pass_by(name, waits=name == "second")
            return {"messages": [AIMessage(name, id=name)]}

        return node

    inner = StateGraph(State)
    inner.add_node("first", step("first"))
    inner.add_node("second", step("second"))
    inner.add_edge(START, "first")
    inner.add_edge("first", "second")
    talk = runs(one(inner.compile(), State))
    work = await talk.receive("go")
    await talk.killed(work, gate.reached)
    assert (await talk.run(work)).text == "second"
    assert gate.done == {"first": 1, "second": 1}


@pytest.mark.parametrize("awaited", [True, False], ids=["awaited", "synchronous"])
async def test_subgraphs(runs: Any, awaited: bool) -> None:
    class Count(TypedDict, total=False):
        count: Annotated[int, operator.add]
        said: str

    inner = one(lambda state: {"count": 1, "said": f"call {state.get('count', 0) + 1}"}, Count)
    counting = inner.compile(checkpointer=True)

    async def call(state: State) -> State:
        return {"messages": [AIMessage((await counting.ainvoke({"said": ""}))["said"])]}

    def call_synchronously(state: State) -> State:
        return {"messages": [AIMessage(counting.invoke({"said": ""})["said"])]}

    talk = runs(one(call if awaited else call_synchronously, State))
    assert [(await talk.say("go")).text for _ in range(2)] == ["call 1", "call 2"]


async def test_old_answers_are_not_shown_again(runs: Any) -> None:
    def hand_over(state: State) -> Command[Any]:
        messages = [*state["messages"], AIMessage("to bob")]
        return Command(goto="bob", update={"messages": messages})

    graph = StateGraph(State)
    graph.add_node("alice", hand_over, destinations=("bob",))
    graph.add_node("bob", lambda state: {"messages": [*state["messages"], AIMessage("bob here")]})
    graph.add_edge(START, "alice")
    talk = runs(graph)
    for said in ("a", "b"):
        await talk.say(said)
    shown = [step.text for event in await talk.events(NodeCompleted) for step in event.steps]
    assert shown == ["to bob", "bob here"] * 2


class Form(BaseModel):
    topic: str
    pages: int = 1
    draft: str = ""


@dataclass
class Card:
    word: str = ""


class Query(TypedDict):
    question: str


class Found(TypedDict):
    answer: str


class Whole(Query, Found, total=False):
    notes: list[str]


@pytest.mark.parametrize(
    ("graph", "settings", "text"),
    [
        (
            one(lambda state: {"draft": f"about {state.topic}"}, Form),
            {"reply": "draft", "input": "topic"},
            "about x",
        ),
        (one(lambda state: {"word": state.word * 2}, Card), {}, "xx"),
        (
            StateGraph(Whole, input_schema=Query, output_schema=Found)
            .add_node("node", lambda state: {"answer": f"A: {state['question']}"})
            .add_edge(START, "node"),
            {},
            "A: x",
        ),
        (
            one(lambda state: {"notes": [state["question"]]}, Whole),
            {"input": {"question": "{user_id} asks {text}"}, "reply": "notes"},
            '["anonymous asks x"]',
        ),
    ],
    ids=["pydantic", "dataclass", "schemas", "mapping"],
)
async def test_inputs_and_replies(runs: Any, graph: Any, settings: Any, text: str) -> None:
    assert (await runs(served(graph, **settings)).say("x")).text == text


def served(graph: Any, **settings: Any) -> Served:
    """As the catalogue makes it of a named graph."""
    said = GraphSettings(**settings)
    compiled = graph.compile() if isinstance(graph, StateGraph) else graph
    return Served(graph, Presentation(reply=reply_in(compiled, said)), said)


@pytest.mark.parametrize(
    ("graph", "settings", "reason"),
    [
        (one(lambda _: {}, Whole), {}, "neither messages nor one text"),
        (one(lambda _: {}, Whole), {"input": "nothing"}, "no field 'nothing'"),
    ],
)
def test_a_graph_that_fits_no_message_is_refused(graph: Any, settings: Any, reason: str) -> None:
    with pytest.raises(Unfit, match=reason):
        intake_of(graph.compile(), GraphSettings(**settings))


class Colour(Enum):
    RED = "red"


class Values(TypedDict, total=False):
    messages: Annotated[list[AnyMessage], add_messages]
    plan: Any
    user_intent: Any


async def test_values_survive(runs: Any) -> None:
    kept = {
        "at": datetime(2026, 1, 2, tzinfo=UTC),
        "set": {1, 2},
        "raw": b"\xff",
        "nan": float("nan"),
        "c": Colour.RED,
    }

    def node(state: Values) -> Values:
        text = "kept" if state.get("plan") else "new"
        if state.get("plan"):
            assert {**state["plan"], "nan": 0} == {**kept, "nan": 0}
        return {"plan": kept, "user_intent": "text", "messages": [AIMessage(text)]}

    talk = runs(one(node, Values))
    assert [(await talk.say("go")).text for _ in range(2)] == ["new", "kept"]
    (first, _) = await talk.events(NodeCompleted)
    assert first.update["plan"]["nan"] is None


async def test_what_cannot_be_stored_fails_its_node_at_once(runs: Any) -> None:
    talk = runs(one(lambda _: {"plan": threading.Lock()}, Values), run_timeout=30, show_errors=False)
    failed = await talk.say("go")
    assert isinstance(failed, RunFailed)
    assert failed.error == "node 'node': 'plan' holds a lock, which cannot be stored"


@dataclass
class Who:
    user_id: str
    plan: str = "free"


@dataclass
class Theme:
    colour: str = "red"


async def test_configuration(runs: Any) -> None:
    def tell(state: State, config: RunnableConfig, runtime: Runtime[Who]) -> State:
        told = config["configurable"]
        text = f"{told['protocol']} {told['thread_id']} {runtime.context.user_id} {runtime.context.plan}"
        return {"messages": [AIMessage(text)]}

    graph: Any = StateGraph(State, context_schema=Who)
    graph.add_node("tell", tell)
    graph.add_edge(START, "tell")
    talk = runs(served(graph, context={"plan": "paid"}))
    assert (await talk.say("go")).text == "octo c anonymous paid"

    optional: Any = StateGraph(State, context_schema=Theme)
    optional.add_node("tell", lambda _, runtime: {"messages": [AIMessage(runtime.context.colour)]})
    optional.add_edge(START, "tell")
    assert (await runs(served(optional)).say("go")).text == "red"

    endless = StateGraph(State)
    endless.add_node("again", lambda _: {"messages": []})
    endless.add_edge(START, "again")
    endless.add_edge("again", "again")
    failed = await runs(served(endless, recursion_limit=5)).say("go")
    assert failed.code == "GraphRecursionError"
    assert "too many steps" in failed.error


def test_the_human_message_has_the_id_of_its_event() -> None:
    given = intake_of(one(lambda _: {}).compile(), GraphSettings())(HumanMessage("x", id="i"), {})
    assert given["messages"][0].id == "i"
