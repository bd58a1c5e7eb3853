"""Calls within a node, by runners that die between them."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.globals import get_llm_cache, set_llm_cache
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolCall
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.tools import tool
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from pydantic import Field

from agent_runner.engine.catalogue import Served
from agent_runner.engine.durable import READ_ONLY, durable
from agent_runner.engine.graph_settings import GraphSettings
from agent_runner.engine.kept_models import keep_model_calls
from contracts.events import CallReturned


class Model(BaseChatModel):
    """Counts how often it is asked."""

    asked: Counter[str] = Field(default_factory=Counter)

    @property
    def _llm_type(self) -> str:
        return "counting"

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        self.asked[messages[-1].text] += 1
        reply = AIMessage(f"re {messages[-1].text}", usage_metadata=None)
        return ChatResult(generations=[ChatGeneration(message=reply)])


@pytest.fixture
def kept_models() -> Iterator[None]:
    before = get_llm_cache()
    keep_model_calls()
    yield
    set_llm_cache(before)


class Stages:
    """Lets a runner die at one stage after the other."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.passed: set[int] = set()

    async def stage(self, number: int) -> None:
        if number not in self.passed:
            self.passed.add(number)
            self.reached.set()
            await asyncio.Event().wait()


def graph_of(model: Model, stages: Stages, called: Counter[str]) -> Any:
    @tool
    async def send(to: str) -> str:
        """Send."""
        called[f"send {to}"] += 1
        return f"sent {to}"

    @tool
    def look(what: str) -> str:
        """Look."""
        called["look"] += 1
        return what

    look.metadata = {READ_ONLY: True}

    @durable
    async def pay(amount: int) -> dict[str, int]:
        called["pay"] += 1
        return {"paid": amount}

    @durable
    def book(what: str) -> str:
        called["book"] += 1
        return f"booked {what}"

    async def work(state: MessagesState) -> MessagesState:
        first = await model.ainvoke("plan")
        await stages.stage(0)
        paid = await pay(5)
        await stages.stage(1)
        booked = await asyncio.to_thread(book, "a room")
        await stages.stage(2)
        second = await asyncio.to_thread(model.invoke, "answer")
        await stages.stage(3)
        again = await pay(5)
        return {"messages": [AIMessage(f"{first.text} {paid} {booked} {second.text} {again}")]}

    asked: list[tuple[str, dict[str, Any]]] = [("send", {"to": "ann"}), ("look", {"what": "x"})]

    async def ask(state: MessagesState) -> MessagesState:
        calls = [ToolCall(name=name, args=args, id=name) for name, args in asked]
        return {"messages": [AIMessage("", tool_calls=calls, id="calls")]}

    tools = ToolNode([send, look])

    graph = StateGraph(MessagesState)
    for name, node in (("ask", ask), ("tools", tools), ("work", work)):
        graph.add_node(name, node)
    graph.add_edge(START, "ask")
    graph.add_edge("ask", "tools")
    graph.add_edge("tools", "work")
    return graph


async def test_no_call_that_has_returned_is_made_again(runs: Any, kept_models: None) -> None:
    model, stages, called = Model(), Stages(), Counter[str]()
    talk = runs(graph_of(model, stages, called))
    work = await talk.receive("go")
    for _ in range(4):
        await talk.killed(work, stages.reached)
    end = await talk.run(work)
    assert end.text == "re plan {'paid': 5} booked a room re answer {'paid': 5}"
    assert end.attempt == 5
    assert model.asked == {"plan": 1, "answer": 1}
    assert called == {"send ann": 1, "look": 1, "pay": 2, "book": 1}
    names = [event.name for event in await talk.events(CallReturned)]
    assert Counter(name.split(":")[0] for name in names) == {"model": 2, "function": 3, "tool": 1}


async def test_a_graph_may_do_without(runs: Any, kept_models: None) -> None:
    model, stages, called = Model(), Stages(), Counter[str]()
    stages.passed = {1, 2, 3}
    talk = runs(Served(graph_of(model, stages, called), settings=GraphSettings(durable_calls=False)))
    work = await talk.receive("go")
    await talk.killed(work, stages.reached)
    await talk.run(work)
    assert model.asked["plan"] == 2
    assert not await talk.events(CallReturned)


async def test_outside_of_a_run_everything_is_called() -> None:
    calls = 0

    @durable
    def count() -> int:
        nonlocal calls
        calls += 1
        return calls

    assert [count(), count()] == [1, 2]


class Streaming(Model):
    """Says it in pieces."""

    def _stream(
        self, messages: list[BaseMessage], *args: Any, **kwargs: Any
    ) -> Iterator[ChatGenerationChunk]:
        self.asked[messages[-1].text] += 1
        for piece in ("re ", messages[-1].text):
            yield ChatGenerationChunk(message=AIMessageChunk(content=piece))


async def test_what_a_node_streams_is_not_asked_for_again(runs: Any, kept_models: None) -> None:
    model, stages = Streaming(), Stages()

    def spoken(text: str) -> str:
        return "".join(chunk.text for chunk in model.stream(text))

    async def work(state: MessagesState) -> MessagesState:
        first = "".join([chunk.text async for chunk in model.astream("one")])
        await stages.stage(0)
        second = await asyncio.to_thread(spoken, "two")
        await stages.stage(1)
        async for _ in model.astream("three"):
            await stages.stage(2)
        again = "".join([chunk.text async for chunk in model.astream("one")])
        return {"messages": [AIMessage(f"{first}, {second}, {again}")]}

    talk = runs(StateGraph(MessagesState).add_node(work).add_edge(START, "work"))
    received = await talk.receive("go")
    for _ in range(3):
        await talk.killed(received, stages.reached)
    assert (await talk.run(received)).text == "re one, re two, re one"
    assert model.asked == {"one": 2, "two": 1, "three": 2}


async def test_tools_behind_a_blocking_wrapper_are_kept(runs: Any) -> None:
    @tool
    def send(to: str) -> str:
        """Send."""
        return f"sent {to}"

    def ask(state: MessagesState) -> MessagesState:
        return {"messages": [AIMessage("", tool_calls=[ToolCall(name="send", args={"to": "ann"}, id="1")])]}

    tools = ToolNode([send], wrap_tool_call=lambda request, execute: execute(request))
    graph = StateGraph(MessagesState).add_node("ask", ask).add_node("tools", tools)
    talk = runs(graph.add_edge(START, "ask").add_edge("ask", "tools"))
    await talk.say("go")
    assert [event.name for event in await talk.events(CallReturned)] == ["tool:send"]
