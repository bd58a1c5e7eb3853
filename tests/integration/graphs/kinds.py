"""The graphs that the tests beside serve, in the styles that people write."""

import asyncio
import operator
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Literal, TypedDict

from langchain.agents import AgentState, create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware, SummarizationMiddleware
from langchain.tools import ToolRuntime
from langchain_core.messages import AIMessage, AnyMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from langgraph.config import get_config, get_store
from langgraph.func import entrypoint, task
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.graph.message import add_messages
from langgraph.prebuilt import InjectedStore
from langgraph.runtime import Runtime
from langgraph.store.base import BaseStore
from langgraph.store.memory import InMemoryStore
from langgraph.types import Command, Send, interrupt
from langgraph_supervisor import create_supervisor
from langgraph_swarm import create_handoff_tool, create_swarm
from pydantic import BaseModel
from tests.integration.graphs.fake_chat import FakeChat

from agent_runner.engine.durable import durable

FOLDER = Path(os.environ.get("KINDS_FOLDER", "."))
"""Where tools and branches say that they were reached, and wait for a file `go`."""


def newest(state: Any) -> str:
    return str(state["messages"][-1].text)


def says(text: str) -> dict[str, Any]:
    return {"messages": [AIMessage(text)]}


def one(node: Any) -> StateGraph[Any, Any, Any, Any]:
    return StateGraph(MessagesState).add_node("node", node).add_edge(START, "node").add_edge("node", END)


async def reached(name: str, *, waits: bool) -> None:
    """Write down that something has begun, and where it waits, go on when there is a file `go`."""
    with (FOLDER / "reached").open("a") as file:
        file.write(f"{name}\n")
    while waits and not (FOLDER / "go").exists():
        await asyncio.sleep(0.02)


async def recall(state: MessagesState, runtime: Runtime[None]) -> dict[str, Any]:
    """Say what was said to any conversation before, the nearest first, and keep what is said now."""
    said = newest(state)
    assert runtime.store is not None
    found = await runtime.store.asearch(("talk", "memories"), query=said, limit=2)
    await runtime.store.aput(("talk", "memories"), said, {"text": said})
    kept = await runtime.store.aget(("talk", "memories"), said)
    assert kept is not None
    return says(" | ".join(item.value["text"] for item in found) or "nothing yet")


memory = StateGraph(MessagesState).add_node(recall).add_edge(START, "recall").compile()


async def confide(state: MessagesState, runtime: Runtime[None]) -> dict[str, Any]:
    """Keep for the user what is said, and say what was said before."""
    assert runtime.store is not None
    space = ("private", str(get_config()["configurable"]["user_id"]))
    before = await runtime.store.aget(space, "said")
    await runtime.store.aput(space, "said", {"text": newest(state)})
    return says(before.value["text"] if before else "nothing yet")


confiding = StateGraph(MessagesState).add_node(confide).add_edge(START, "confide").compile()


@tool
def look(at: str) -> str:
    """Look at something."""
    return f"{at} seen"


@tool
def send(to: str) -> str:
    """Send a letter."""
    return f"sent to {to}"


@tool
def ask(question: str) -> str:
    """Ask the person."""
    return f"answered {interrupt(question)}"


class Named(AgentState[Any]):
    name: str


@tool
def remember(name: str, runtime: ToolRuntime) -> Command[Any]:
    """Remember a name."""
    return Command(
        update={"name": name, "messages": [ToolMessage(f"I know {name}", tool_call_id=runtime.tool_call_id)]}
    )


@tool
def who(runtime: ToolRuntime) -> str:
    """Say who it is."""
    return str(runtime.state.get("name", "nobody"))


agent = create_agent(FakeChat(), [look, remember, who], state_schema=Named)
thinking = create_agent(FakeChat(thinks=True), [look])
asking = create_agent(FakeChat(), [ask, look])
approving = create_agent(
    FakeChat(), [look, send], middleware=[HumanInTheLoopMiddleware(interrupt_on={"send": True})]
)
summing = create_agent(
    FakeChat(),
    [look],
    middleware=[SummarizationMiddleware(FakeChat(), trigger=("messages", 4), keep=("messages", 2))],
)
stopping = create_agent(FakeChat(), [look], interrupt_before=["tools"])


@tool
def research(query: str) -> str:
    """Ask another agent."""
    return str(agent.invoke({"messages": [{"role": "user", "content": query}]})["messages"][-1].text)


boss = create_agent(FakeChat(called="boss: "), [research])


@tool
async def mail(to: str) -> str:
    """Ask an agent that asks the person."""
    words = f'call send {{"to": "{to}"}}'
    return newest(await approving.ainvoke({"messages": [{"role": "user", "content": words}]}))


mailing = create_agent(FakeChat(called="boss: "), [mail])


def swarm() -> Any:
    """Two agents that hand over to each other."""
    to = {name: create_handoff_tool(agent_name=name) for name in ("ann", "ben")}
    ann = create_agent(FakeChat(called="ann: "), [look, to["ben"]], name="ann")
    ben = create_agent(FakeChat(called="ben: "), [to["ann"]], name="ben")
    return create_swarm([ann, ben], default_active_agent="ann")


def supervisor() -> Any:
    """An agent that hands work to another."""
    worker = create_agent(FakeChat(called="worker: "), [look], name="worker")
    return create_supervisor([worker], model=FakeChat(called="chief: "))


class Asked(TypedDict, total=False):
    messages: Annotated[list[AnyMessage], add_messages]
    got: Annotated[list[str], operator.add]
    name: str


def _named(state: Asked) -> Asked:
    return {"name": str(interrupt({"question": "What is your name?", "context": {"field": "name"}}))}


def _greets(state: Asked) -> Asked:
    return {"messages": [AIMessage(f"hello {state['name']}")]}


def _last(state: Asked) -> Asked:
    return {"messages": [AIMessage(f"after: {newest(state)}")]}


_inner = StateGraph(Asked).add_node("ask", _named).add_node("greet", _greets)
_inner.add_edge(START, "ask").add_edge("ask", "greet")
team = StateGraph(Asked).add_node("inner", _inner.compile()).add_node("last", _last)
team.add_edge(START, "inner").add_edge("inner", "last")


class Count(TypedDict, total=False):
    count: Annotated[int, operator.add]
    said: str


def _count(state: Count) -> Count:
    return {"count": 1, "said": f"call {state.get('count', 0) + 1}"}


_counter = StateGraph(Count).add_node("count", _count).add_edge(START, "count").compile(checkpointer=True)
counting = one(lambda state: says(_counter.invoke({"said": ""})["said"]))


async def _branch(state: Any) -> Asked:
    await reached(f"branch {state['talk']} {state['n']}", waits=state["n"] == 2)
    return {"got": [f"b{state['n']}"]}


def _fan(state: Asked) -> list[Send]:
    return [Send("branch", {"n": n, "talk": newest(state)}) for n in range(4)]


def _join(state: Asked) -> Asked:
    return {"messages": [AIMessage(",".join(state["got"]))]}


fan = StateGraph(Asked).add_node("branch", _branch).add_node("join", _join, defer=True)
fan.add_conditional_edges(START, _fan, ["branch"]).add_edge("branch", "join")


def _asker(question: str) -> Any:
    return lambda state: {"got": [f"{question} {interrupt(question)}"]}


side_by_side = StateGraph(Asked).add_node("left", _asker("left?")).add_node("right", _asker("right?"))
side_by_side.add_node("talk", lambda state: {"got": ["talked"]}).add_node("join", _join)
for _name in ("left", "right", "talk"):
    side_by_side.add_edge(START, _name).add_edge(_name, "join")


def _gate(state: MessagesState) -> Command[Literal["go", "stop"]]:
    return Command(goto="go" if interrupt("ok?") else "stop")


routing = StateGraph(MessagesState).add_node("gate", _gate).add_edge(START, "gate")
routing.add_node("go", lambda state: says("went")).add_node("stop", lambda state: says("stopped"))


def _age(state: MessagesState) -> dict[str, Any]:
    question = "How old are you?"
    while not str(age := interrupt(question)).isdigit():
        question = f"{age} is no number. How old are you?"
    return says(f"age {age}, {interrupt({'instruction': 'Edit this', 'content': 'draft'})}")


insisting = one(_age)


@task
async def double(number: int) -> int:
    """A task that is kept."""
    return 2 * number


@entrypoint()
async def functional(given: dict[str, Any], *, previous: Any = None) -> str:
    """Tasks, a question, and what was saved before."""
    numbers = [await double(number) for number in range(3)]
    return f"{numbers} {interrupt('publish?')} {previous}"


@tool
async def store_here(text: str, store: Annotated[BaseStore, InjectedStore()], runtime: ToolRuntime) -> str:
    """Keep a text in three ways."""
    space = ("kinds", str(runtime.config["configurable"]["thread_id"]))
    await store.aput(space, "injected", {"text": text})
    assert runtime.store is not None
    await runtime.store.aput(space, "runtime", {"text": text, "n": 1})
    await get_store().aput(space, "config", {"text": text, "n": 2})
    return "kept"


@tool
def found_here(runtime: ToolRuntime) -> str:
    """Tell what was kept, from a thread."""
    space = ("kinds", str(runtime.config["configurable"]["thread_id"]))
    store = get_store()
    item = store.get(space, "injected")
    found = store.search(("kinds",), filter={"n": 2}, limit=100)
    return (
        f"{item and item.value['text']} {[each.value['text'] for each in found if each.namespace == space]}"
    )


storing = create_agent(FakeChat(), [store_here, found_here])


@tool
def keep(text: str, runtime: ToolRuntime) -> str:
    """Keep a text, by a thread's calls."""
    assert runtime.store is not None
    runtime.store.put(("kept",), "text", {"text": text})
    return "kept"


@tool
def kept(runtime: ToolRuntime) -> str:
    """Tell the text, by a thread's calls."""
    assert runtime.store is not None
    item = runtime.store.get(("kept",), "text")
    return str(item and item.value["text"])


keeping = create_agent(FakeChat(), [keep, kept], store=InMemoryStore())


def deep() -> Any:
    """An agent of the library `deepagents`, and one below it; both ask before they send."""
    # No dependency, since it brings libraries of three providers.
    create_deep_agent = import_module("deepagents").create_deep_agent
    below = {
        "name": "clerk",
        "description": "Sends a letter.",
        "system_prompt": "Send it.",
        "model": FakeChat(called="clerk: ", told='call send {"to": "eve"}'),
        "tools": [send],
    }
    return create_deep_agent(
        FakeChat(), [look, send], subagents=[below], interrupt_on={"send": True, "look": False}
    )


@tool
def burst() -> str:
    """Fail."""
    raise RuntimeError("words of the graph")


bursting = create_agent(FakeChat(), [burst])


def _raises(state: MessagesState) -> dict[str, Any]:
    if newest(state) == "exit":
        sys.exit("words of the graph")
    raise ValueError("words of the graph")


raising = one(_raises)


@durable
async def pay(talk: str) -> str:
    """Pay once."""
    with (FOLDER / "returned").open("a") as file:
        file.write(f"paid {talk}\n")
    return f"paid {talk}"


async def _pays(state: MessagesState) -> dict[str, Any]:
    paid = await pay(newest(state))
    await reached(paid, waits=True)
    return says(paid)


paying = one(_pays)


class Order(BaseModel):
    size: Literal["small", "large"]
    count: int


def _orders(state: MessagesState) -> dict[str, Any]:
    several = interrupt("How many are you?", response_schema=int) > 1
    hungry = interrupt("Is anybody hungry?", response_schema=bool)
    order = interrupt("What shall it be?", response_schema=Order)
    return says(f"{several} {hungry} {order.count + 1} {order.size}")


ordering = one(_orders)


def _counted(name: str, stage: int) -> Any:
    @tool(name)
    async def use(talk: int) -> str:
        """Use it."""
        await reached(f"{name} {talk}", waits=talk == stage)
        with (FOLDER / "returned").open("a") as file:
            file.write(f"{name} {talk}\n")
        return f"{name} done"

    return use


counted = create_agent(
    ChatOpenAI(
        model="counting", base_url=os.environ.get("COUNTING_MODEL", "http://127.0.0.1:1/v1"), api_key="k"
    ),
    [_counted(name, 2 * number + 1) for number, name in enumerate("abc")],
)
"""A talk named N waits in its Nth call, of model, a, model, b, model, c, model."""
