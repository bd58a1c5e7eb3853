"""``RemoteGraph`` used as other graphs are: beside them, in them, with and without a thread."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from typing import Any
from uuid import uuid4

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.pregel.remote import RemoteException, RemoteGraph
from langgraph.types import Command
from langgraph_sdk import get_client, get_sync_client
from tests.integration.langgraph.recorded_graphs import AskState

SECONDS = 30.0
WEATHER: Any = {"messages": [{"type": "human", "content": "weather in Oslo", "id": "h1"}]}


@pytest.fixture
async def client(url: str) -> AsyncIterator[Any]:
    async with get_client(url=url, api_key=None) as opened:
        yield opened


@pytest.fixture
def sync_client(url: str) -> Iterator[Any]:
    with get_sync_client(url=url, api_key=None) as opened:
        yield opened


def new_thread() -> Any:
    return {"configurable": {"thread_id": str(uuid4())}}


def around(remote: RemoteGraph, state: Any = AskState) -> Any:
    """A graph of this process with a remote one in it."""
    builder = StateGraph(state)
    builder.add_node("first", lambda state: {})
    builder.add_node("remote", remote)
    builder.add_edge(START, "first")
    builder.add_edge("first", "remote")
    return builder.compile(checkpointer=InMemorySaver())


async def test_a_question_of_a_node_is_answered_by_its_id(client: Any) -> None:
    graph, config = around(RemoteGraph("ask", client=client)), new_thread()
    asked = await graph.ainvoke({"text": "one"}, config)
    (question,) = asked["__interrupt__"]
    assert question.value == {"question": "go on with one?"}
    assert (await graph.aget_state(config)).next == ("remote",)
    answered = await graph.ainvoke(Command(resume={question.id: "yes"}), config)
    assert answered["answer"] == "yes"
    assert answered["log"][-2:] == ["answered yes", "finished"]


async def test_a_node_streams_into_the_graph_around_it(client: Any) -> None:
    graph = around(RemoteGraph("nest", client=client), MessagesState)
    modes: Any = ["updates", "messages"]
    chunks = [
        chunk async for chunk in graph.astream(WEATHER, new_thread(), stream_mode=modes, subgraphs=True)
    ]
    assert {mode for _, mode, _ in chunks} == {"updates", "messages"}
    assert any(namespace and namespace[0].startswith("remote:") for namespace, *_ in chunks)


async def test_an_error_of_a_node(client: Any) -> None:
    with pytest.raises(RemoteException, match="boom: one"):
        await around(RemoteGraph("fail", client=client)).ainvoke({"text": "one"}, new_thread())


async def test_without_a_thread(client: Any, sync_client: Any) -> None:
    graph = RemoteGraph("lgchat", client=client, sync_client=sync_client)
    graph = graph.with_config({"tags": ["t"], "recursion_limit": 12, "metadata": {"a": 1}})
    output: Any = await graph.ainvoke(WEATHER, context={"user_name": "kim"}, version="v2")
    assert output.value["messages"][-1]["content"] == "The tool said: sunny in Oslo"
    custom = [
        chunk async for chunk in graph.astream(WEATHER, stream_mode="custom", context={"user_name": "k"})
    ]
    assert custom[0] == {"progress": "thinking", "for": "k"}
    said: Any = await asyncio.to_thread(graph.invoke, WEATHER)
    assert said["messages"][-1]["content"] == "The tool said: sunny in Oslo"


async def test_blocking_calls(sync_client: Any) -> None:
    graph, config = RemoteGraph("ask", sync_client=sync_client), new_thread()

    def calls() -> None:
        chunks: list[Any] = list(graph.stream({"text": "one"}, config, stream_mode=["updates"]))
        assert chunks[0].data == {"prepare": {"log": ["prepared one"]}}
        state = graph.get_state(config)
        assert (state.next, len(state.interrupts)) == (("ask",), 1)
        answered: Any = graph.invoke(Command(resume={state.interrupts[0].id: "yes"}), config)
        assert answered["answer"] == "yes"
        states = list(graph.get_state_history(config, limit=20))
        assert [each.next for each in states] == [(), ("finish",), ("ask",), ("prepare",), ("__start__",)]
        (before,) = graph.get_state_history(config, before=states[1].config, limit=1)
        assert before.config == states[2].config
        forked = graph.update_state(states[2].config, {"text": "two"}, as_node="prepare")
        assert graph.get_state(forked).values["text"] == "two"
        again: Any = graph.invoke(Command(resume="no"), config)
        assert (again["text"], again["answer"]) == ("two", "no")
        assert "ask" in graph.get_graph(xray=True).nodes

    await asyncio.to_thread(calls)


async def test_a_breakpoint_and_time_travel(client: Any) -> None:
    graph, config = RemoteGraph("lgchat", client=client), new_thread()
    await graph.ainvoke(WEATHER, config, interrupt_before=["tools"])
    assert (await graph.aget_state(config)).next == ("tools",)
    await graph.ainvoke(None, config, interrupt_after="*")
    assert (await graph.aget_state(config)).next == ("agent",)
    done: Any = await graph.ainvoke(None, config)
    states = [state async for state in graph.aget_state_history(config)]
    stopped = next(state for state in states if state.next == ("tools",))
    checkpoint = stopped.config["configurable"]["checkpoint_id"]
    again: Any = await graph.ainvoke(None, config, checkpoint_id=checkpoint)
    assert [message["type"] for message in again["messages"]] == [each["type"] for each in done["messages"]]


async def test_a_command_goes_elsewhere(client: Any) -> None:
    graph, config = RemoteGraph("ask", client=client), new_thread()
    await graph.ainvoke({"text": "one"}, config)
    done: Any = await graph.ainvoke(Command(goto="finish", update={"answer": "skipped"}), config)
    assert (done["answer"], done["log"]) == ("skipped", ["prepared one", "finished"])


async def test_events_of_a_run(client: Any) -> None:
    graph = RemoteGraph("lgchat", client=client)
    seen: set[str] = set()
    async with (
        asyncio.timeout(SECONDS),
        await graph.astream_events(WEATHER, new_thread(), version="v3") as run,
        aclosing(aiter(run)) as events,
    ):
        async for event in events:
            seen.add(event["method"])
            if event["method"] == "lifecycle" and event["params"]["data"]["event"] == "completed":
                break
    assert seen == {"lifecycle", "values", "messages", "tools", "updates", "custom", "tasks", "checkpoints"}


@pytest.mark.parametrize("channel", ["updates", "checkpoints", "tasks", "custom", "values"])
async def test_a_projection(channel: str, client: Any) -> None:
    graph = RemoteGraph("lgchat", client=client)
    async with (
        asyncio.timeout(SECONDS),
        await graph.astream_events(WEATHER, new_thread(), version="v3") as run,
    ):
        items = [item async for item in run.extensions[channel]]
    assert items
