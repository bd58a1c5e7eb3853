"""Further kinds of graphs: each says over the log, turn by turn by a new runner, what it says in-process."""

import asyncio
import operator
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any, TypedDict

import pytest
from langchain.agents import create_agent
from langchain_core.globals import get_llm_cache, set_llm_cache
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AnyMessage, BaseMessage, HumanMessage, ToolCall, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.tools import InjectedToolCallId, tool
from langgraph.cache.memory import InMemoryCache
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.func import entrypoint
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.graph.message import add_messages
from langgraph.managed import RemainingSteps
from langgraph.prebuilt import InjectedState, ToolNode
from langgraph.types import CachePolicy, Command, RetryPolicy, Send
from pydantic import BaseModel, Field

from agent_runner.engine.catalogue import Served
from agent_runner.engine.fitting import reply_in
from agent_runner.engine.graph_settings import GraphSettings
from agent_runner.engine.kept_models import keep_model_calls
from agent_runner.engine.presentation import Presentation
from contracts.events import NodeCompleted, RunCompleted, RunStarted
from contracts.live import NODE_ENDED, NODE_STARTED
from contracts.trace import CHAIN_STREAM


def said(state: Any) -> str:
    return str(state["messages"][-1].content)


def to_parent() -> Any:
    """A subgraph that sends its parent on."""

    def leave(state: MessagesState) -> Command[Any]:
        update = {"messages": [AIMessage("from below", id=f"below {len(state['messages'])}")]}
        return Command(goto="after", graph=Command.PARENT, update=update)

    inner = StateGraph(MessagesState).add_node(leave).add_edge(START, "leave").compile()
    outer = StateGraph(MessagesState).add_node("inner", inner)
    outer.add_node("after", lambda state: {"messages": [AIMessage(f"after {said(state)}")]})
    return outer.add_edge(START, "inner").add_edge("after", END)


def retried() -> Any:
    """A node that works at its third try."""
    tries: Counter[str] = Counter()

    def flaky(state: MessagesState) -> dict[str, Any]:
        tries[said(state)] += 1
        if tries[said(state)] < 3:
            raise ConnectionError("not yet")
        return {"messages": [AIMessage(f"at try {tries[said(state)]}")]}

    policy = RetryPolicy(initial_interval=0.001, jitter=False)
    return StateGraph(MessagesState).add_node("flaky", flaky, retry_policy=policy).add_edge(START, "flaky")


class Asked(TypedDict, total=False):
    messages: Annotated[list[AnyMessage], add_messages]
    topic: str
    looked: str


def cached() -> Any:
    """A node whose outcome is taken from LangGraph's cache the second time."""
    looks: Counter[str] = Counter()

    def look(state: Asked) -> Asked:
        looks["all"] += 1
        return {"looked": f"{state['topic']} {looks['all']}"}

    graph = StateGraph(Asked)
    graph.add_node("choose", lambda _: {"topic": "tea"})
    graph.add_node("look", look, cache_policy=CachePolicy(key_func=lambda state: state["topic"]))
    graph.add_node("tell", lambda state: {"messages": [AIMessage(state["looked"])]})
    graph.add_edge(START, "choose").add_edge("choose", "look").add_edge("look", "tell")
    return graph.compile(cache=InMemoryCache())


class Secret(TypedDict):
    """What only two nodes see."""

    secret: str


def private() -> Any:
    def hide(state: MessagesState) -> Secret:
        return {"secret": said(state)[::-1]}

    def show(state: Secret) -> dict[str, Any]:
        return {"messages": [AIMessage(state["secret"])]}

    graph = StateGraph(MessagesState).add_node(hide).add_node(show, input_schema=Secret)
    return graph.add_edge(START, "hide").add_edge("hide", "show")


def larger(one: int, other: int) -> int:
    return max(one, other)


class Counted(TypedDict, total=False):
    messages: Annotated[list[AnyMessage], add_messages]
    best: Annotated[int, larger]
    seen: Annotated[dict[str, int], operator.or_]
    steps: RemainingSteps


def reduced() -> Any:
    """Reducers of several kinds, and a value that LangGraph manages."""

    def count(state: Counted) -> Counted:
        text = str(state["messages"][-1].content)
        return {"best": len(text), "seen": {text: len(text)}}

    def tell(state: Counted) -> Counted:
        shown = f"{state['best']} {sorted(state['seen'].items())} {state['steps'] > 5}"
        return {"messages": [AIMessage(shown)]}

    return (
        StateGraph(Counted).add_node(count).add_node(tell).add_edge(START, "count").add_edge("count", "tell")
    )


class Typed(BaseModel):
    """A state that pydantic checks."""

    messages: Annotated[list[AnyMessage], add_messages] = Field(default_factory=list)
    visits: int = 0


def checked() -> Any:
    def visit(state: Typed) -> dict[str, Any]:
        return {"visits": state.visits + 1, "messages": [AIMessage(f"visit {state.visits + 1}")]}

    return StateGraph(Typed).add_node(visit).add_edge(START, "visit")


@dataclass
class Plain:
    """A state that is a dataclass."""

    messages: Annotated[list[AnyMessage], add_messages] = field(default_factory=list)
    visits: Annotated[int, operator.add] = 0


def plain() -> Any:
    def visit(state: Plain) -> dict[str, Any]:
        return {"visits": 1, "messages": [AIMessage(f"after {state.visits}")]}

    return StateGraph(Plain).add_node(visit).add_edge(START, "visit")


class Mapped(TypedDict, total=False):
    messages: Annotated[list[AnyMessage], add_messages]
    parts: Annotated[list[str], operator.add]


def mapped() -> Any:
    """Map and reduce, by nodes that block their threads."""

    def part(state: Any) -> Mapped:
        time.sleep(0.01)  # what is tried
        return {"parts": [state["word"].upper()]}

    def join(state: Mapped) -> Mapped:
        return {"messages": [AIMessage(" ".join(state["parts"]))]}

    graph = StateGraph(Mapped).add_node("part", part).add_node("join", join, defer=True)
    graph.add_conditional_edges(
        START, lambda state: [Send("part", {"word": word}) for word in said(state).split()], ["part"]
    )
    return graph.add_edge("part", "join")


def remembering() -> Any:
    """A functional graph with what it returned and kept before."""

    @entrypoint()
    def whole(given: dict[str, Any], *, previous: list[str] | None = None) -> Any:
        words = [*(previous or []), str(given["messages"][-1].content)]
        return entrypoint.final(value=f"so far {len(words)}: {' '.join(words)}", save=words)

    return whole


class Caller(BaseChatModel):
    """Calls tools as the last message lists them, one by one or at once; counts how often it is asked."""

    asked: Counter[str] = Field(default_factory=Counter)
    at_once: bool = False

    @property
    def _llm_type(self) -> str:
        return "caller"

    def bind_tools(self, tools: Any, **_: Any) -> Any:
        return self

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        start = max(place for place, each in enumerate(messages) if isinstance(each, HumanMessage))
        names, done = str(messages[start].content).split(), messages[start + 1 :]
        returned = [each for each in done if each.type == "tool"]
        self.asked[f"{names} {len(returned)}"] += 1
        left = names[len(returned) :] if self.at_once else names[len(returned) :][:1]
        turn = sum(isinstance(each, HumanMessage) for each in messages)
        calls = [ToolCall(name=name, args={}, id=f"{name} {turn}") for name in left]
        text = "" if calls else " ".join(str(each.content) for each in returned)
        return ChatResult(generations=[ChatGeneration(message=AIMessage(text, tool_calls=calls))])


def injected() -> Any:
    """Tools that are given the state, and one that changes it."""

    class Own(MessagesState):
        """With a mark."""

        mark: str

    @tool
    def peek(state: Annotated[Own, InjectedState]) -> str:
        """Look at the state."""
        return f"{len(state['messages'])} {state.get('mark')}"

    @tool
    def mark(call: Annotated[str, InjectedToolCallId]) -> Command[Any]:
        """Mark the state."""
        return Command(update={"mark": "marked", "messages": [ToolMessage("done", tool_call_id=call)]})

    model = Caller()

    def ask(state: Own) -> dict[str, Any]:
        return {"messages": [model.invoke(state["messages"])]}

    graph = StateGraph(Own).add_node("ask", ask).add_node("tools", ToolNode([peek, mark]))
    graph.add_conditional_edges(
        "ask", lambda state: "tools" if state["messages"][-1].tool_calls else END, ["tools", END]
    )
    return graph.add_edge(START, "ask").add_edge("tools", "ask")


KINDS: dict[str, tuple[Callable[[], Any], tuple[str, ...]]] = {
    "a command to the parent": (to_parent, ("a", "b")),
    "a retry policy": (retried, ("a", "b")),
    "a cache policy": (cached, ("a", "b", "c")),
    "private channels": (private, ("abc", "def")),
    "reducers and managed values": (reduced, ("abc", "abcdef", "a")),
    "a pydantic state": (checked, ("a", "b", "c")),
    "a dataclass state": (plain, ("a", "b", "c")),
    "map and reduce": (mapped, ("a b c", "d e")),
    "a functional graph that saves": (remembering, ("a", "b", "c")),
    "injected state": (injected, ("peek mark peek", "peek")),
}


async def in_process(made: Any, texts: tuple[str, ...]) -> list[str]:
    compiled = (
        made.compile(checkpointer=InMemorySaver())
        if isinstance(made, StateGraph)
        else made.copy(update={"checkpointer": InMemorySaver()})
    )
    replies = []
    for text in texts:
        given = {"messages": [HumanMessage(text)]}
        found: Any = await compiled.ainvoke(given, {"configurable": {"thread_id": "t"}})
        messages = found.get("messages") if isinstance(found, dict) else None
        replies.append(str(messages[-1].content) if messages else str(found))
    return replies


@pytest.mark.parametrize("kind", KINDS)
async def test_what_it_says_is_what_it_says_in_process(runs: Any, kind: str) -> None:
    make, texts = KINDS[kind]
    talk = runs(make())
    assert [(await talk.say(text)).text for text in texts] == await in_process(make(), texts)
    assert len(await talk.events(RunStarted)) == len(texts)


async def test_a_node_that_is_taken_from_the_cache_neither_begins_nor_ends(runs: Any) -> None:
    talk = runs(cached())
    for text in "ab":
        await talk.say(text)
    nodes = [event.node for event in await talk.events(NodeCompleted)]
    assert nodes == ["choose", "look", "tell", "choose", "tell"]
    deltas = await talk.live.kept(talk.KEY)
    assert [delta.data["node"] for delta in deltas if delta.kind == NODE_STARTED] == nodes


async def test_clients_are_told_of_the_nodes_within_a_subgraph(runs: Any) -> None:
    inner = StateGraph(MessagesState).add_node("deep", lambda _: {"messages": [AIMessage("x")]})
    middle = StateGraph(MessagesState).add_node("team", inner.add_edge(START, "deep").compile())
    outer = StateGraph(MessagesState).add_node("all", middle.add_edge(START, "team").compile())
    talk = runs(outer.add_edge(START, "all"))
    await talk.say("go")
    deltas = [delta for delta in await talk.live.kept(talk.KEY) if delta.kind in (NODE_STARTED, NODE_ENDED)]
    assert [(delta.kind, delta.data["node"]) for delta in deltas] == [
        (NODE_STARTED, "all"),
        (NODE_STARTED, "all:team"),
        (NODE_STARTED, "all:team:deep"),
        (NODE_ENDED, "all:team:deep"),
        (NODE_ENDED, "all:team"),
    ]
    assert deltas[3].data["update"]["messages"][0]["content"] == "x"


def served_as_named(graph: Any) -> Served:
    """As the catalogue makes it of a named graph."""
    return Served(graph, Presentation(reply=reply_in(graph.compile(), GraphSettings())))


def told_by_nodes(deltas: list[Any], attempt: int) -> list[Any]:
    """What the graph streamed to clients that listen to LangChain's events."""
    streamed = [delta for delta in deltas if delta.kind == CHAIN_STREAM and delta.attempt == attempt]
    return [delta.data["data"]["chunk"] for delta in streamed if not delta.data["parent_ids"]]


REPLY = {"model": {"messages": [{"role": "assistant", "content": "a", "tool_calls": None}]}}


async def test_a_reply_that_no_message_says_is_said_at_the_end(runs: Any) -> None:
    class Word(TypedDict):
        word: str

    graph = StateGraph(Word).add_node("node", lambda state: {"word": state["word"]}).add_edge(START, "node")
    talk = runs(served_as_named(graph))
    await talk.say("a")
    assert told_by_nodes(await talk.live.kept(talk.KEY), 1) == [{"node": {"word": "a"}}, REPLY]


async def test_a_reply_that_an_earlier_attempt_said_is_said_again(runs: Any) -> None:
    reached = asyncio.Event()

    async def wait(state: MessagesState) -> None:
        if not reached.is_set():
            reached.set()
            await asyncio.Event().wait()

    graph = StateGraph(MessagesState).add_node("say", lambda _: {"messages": [AIMessage("a")]}).add_node(wait)
    talk = runs(graph.add_edge(START, "say").add_edge("say", "wait"))
    work = await talk.receive("go")
    running = asyncio.create_task(talk.runner().answer(work))
    await reached.wait()
    running.cancel()
    await asyncio.wait({running})
    await talk.run(work)
    deltas = await talk.live.kept(talk.KEY)
    assert [*told_by_nodes(deltas, 1)[0]] == ["say"]
    assert REPLY in told_by_nodes(deltas, 2)


class Deaths:
    """Lets a runner die where something is reached for the first time."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.passed: set[str] = set()

    async def stage(self, name: str) -> None:
        if name not in self.passed:
            self.passed.add(name)
            self.reached.set()
            await asyncio.Event().wait()

    async def killed(self, talk: Any, work: Any) -> bool:
        """Whether a runner died; else it came to the end."""
        running = asyncio.create_task(talk.runner().answer(work))
        waiting = asyncio.create_task(self.reached.wait())
        await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
        dies = not running.done()
        for task in (running, waiting):
            task.cancel()
        await asyncio.wait({running, waiting})
        self.reached.clear()
        return dies


@pytest.fixture
def kept_models() -> Iterator[None]:
    before = get_llm_cache()
    keep_model_calls()
    yield
    set_llm_cache(before)


@pytest.mark.parametrize("at_once", [False, True], ids=["one by one", "at once"])
async def test_a_runner_dies_before_each_call_of_an_agent(
    runs: Any, at_once: bool, kept_models: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: Counter[str] = Counter()
    stages = Deaths()
    model = Caller(at_once=at_once)
    asks = model._generate

    def tools_of(name: str) -> Any:
        @tool(name)
        async def use() -> str:
            """Use it."""
            await stages.stage(name)
            called[name] += 1
            return f"{name} done"

        return use

    async def generate(messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        await stages.stage(f"model {len(messages)}")
        return asks(messages)

    monkeypatch.setattr(Caller, "_agenerate", lambda _, *args, **kwargs: generate(*args, **kwargs))
    talk = runs(create_agent(model, [tools_of(name) for name in "abc"]), max_attempts=50)
    work = await talk.receive("a b c")
    deaths = 0
    while await stages.killed(talk, work):
        deaths += 1
    (end,) = await talk.events(RunCompleted)
    assert end.text == "a done b done c done"
    assert called == {"a": 1, "b": 1, "c": 1}
    assert set(model.asked.values()) == {1}
    assert end.attempt == deaths + 1 >= (4 if at_once else 8)
