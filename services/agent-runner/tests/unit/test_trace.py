"""Deltas and the trace of runs, over live deltas in memory."""

import asyncio
from typing import Any
from uuid import uuid4

from langchain_core.messages import HumanMessage
from langchain_core.tools import BaseTool
from langgraph.graph import END, START, StateGraph

from agent_runner.agents.graphs import chat
from agent_runner.agents.models import select
from agent_runner.engine.deltas import Deltas
from agent_runner.engine.trace import Trace
from contracts.live import Delta
from contracts.trace import root_of
from eventlog.memory import MemoryLive

KEY = "c"


async def traced(graph: Any, text: str) -> list[Delta]:
    live = MemoryLive()
    deltas = Deltas(live, KEY, str(uuid4()), 1)
    await graph.compile().ainvoke({"messages": [HumanMessage(text)]}, {"callbacks": [Trace(deltas)]})
    await deltas.flush()
    return await live.kept(KEY)


def kinds(deltas: list[Delta]) -> list[str]:
    return [delta.kind for delta in deltas]


async def test_nothing_leaves_before_the_release_and_then_all_in_order() -> None:
    live = MemoryLive()
    deltas = Deltas(live, KEY, "r", 2)
    publishing = asyncio.create_task(deltas.publish_as_sent())
    async with live.listen(KEY) as heard:
        deltas.send("one", 1)
        await asyncio.to_thread(deltas.send, "two", 2)
        assert (deltas.count, await live.kept(KEY)) == (2, [])
        deltas.release()
        assert [(d.attempt, d.index, d.kind) for d in [await anext(heard), await anext(heard)]] == [
            (2, 0, "one"),
            (2, 1, "two"),
        ]
        await asyncio.to_thread(deltas.send, "three", 3)
        assert (await anext(heard)).kind == "three"
    publishing.cancel()
    assert deltas.count == 3


async def test_a_delta_whose_publishing_is_cancelled_is_published_again() -> None:
    class Slow(MemoryLive):
        begun = asyncio.Event()

        async def publish(self, conversation: str, delta: Delta) -> None:
            if not self.begun.is_set():
                self.begun.set()
                await asyncio.Event().wait()
            await super().publish(conversation, delta)

    live = Slow()
    deltas = Deltas(live, KEY, "r", 1)
    deltas.send("one", 1)
    cancelled = asyncio.create_task(deltas.flush())
    await live.begun.wait()
    cancelled.cancel()
    await asyncio.gather(cancelled, return_exceptions=True)
    await deltas.flush()
    assert [(delta.index, delta.kind) for delta in await live.kept(KEY)] == [(0, "one")]


async def test_a_model_streams_even_where_a_blocking_node_awaits_the_whole_reply() -> None:
    def respond(state: chat.ChatState) -> chat.ChatState:
        return {"messages": [select().invoke(state["messages"])]}

    graph = StateGraph(chat.ChatState)
    graph.add_node("respond", respond)
    graph.add_edge(START, "respond")
    graph.add_edge("respond", END)

    deltas = await traced(graph, "안녕 반가워요")
    tokens = [d.data["data"]["chunk"]["content"] for d in deltas if d.kind == "on_chat_model_stream"]
    assert len(tokens) > 1
    assert deltas[-1].data["data"]["chunk"]["respond"]["messages"][0]["content"] == "".join(tokens)


async def test_a_tool_that_raises_is_an_error_of_its_own(tools: list[BaseTool]) -> None:
    deltas = await traced(chat.build(select(), tools), "2019년 매출 분석")
    started = [delta.data["run_id"] for delta in deltas if delta.kind == "on_tool_start"]
    failed = [delta for delta in deltas if delta.kind == "on_tool_error"]
    assert [delta.data["run_id"] for delta in failed] == started[-1:]
    assert "sales_2019" in failed[0].data["data"]["error"]
    assert kinds(deltas).count("on_chat_model_start") == len(started) + 1


async def test_the_root_has_a_start_and_no_end_of_its_own(tools: list[BaseTool]) -> None:
    deltas = await traced(chat.build(select(), tools), "안녕 반가워요")
    root = deltas[0].data["run_id"]
    assert [delta.kind for delta in deltas if delta.data["run_id"] == root] == [
        "on_chain_start",
        "on_chain_stream",
    ]


def test_each_attempt_has_a_root_of_its_own() -> None:
    run_id = str(uuid4())
    assert str(root_of(run_id, 1)) == run_id
    assert len({root_of(run_id, attempt) for attempt in (1, 2, 3)}) == 3
    assert root_of(run_id, 2) == root_of(run_id, 2)
