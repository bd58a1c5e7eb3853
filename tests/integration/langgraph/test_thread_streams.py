"""A thread's event stream as the official clients for Python have it."""

import asyncio
from typing import Any, Literal
from uuid import uuid4

import pytest
from langgraph.pregel.remote import RemoteGraph
from langgraph_sdk import get_client

WEATHER: Any = {"messages": [{"type": "human", "content": "weather in Oslo", "id": "h1"}]}
SECONDS = 30.0


@pytest.fixture
async def client(url: str) -> Any:
    async with get_client(url=url, api_key=None) as opened:
        yield opened


@pytest.mark.parametrize("transport", ["sse", "websocket"])
async def test_messages_of_a_run(transport: Literal["sse", "websocket"], client: Any) -> None:
    stream = client.threads.stream(assistant_id="lgchat", transport=transport)
    async with asyncio.timeout(SECONDS), stream as thread:
        assert (await thread.run.start(input=WEATHER))["run_id"]
        messages = [each async for each in thread.messages]
        texts = [await each.text for each in messages]
        output = await thread.output
    assert texts[-1] == "The tool said: sunny in Oslo"
    assert [message["type"] for message in output["messages"]] == ["human", "ai", "tool", "ai"]


@pytest.mark.parametrize("transport", ["sse", "websocket"])
async def test_tools_of_a_run(transport: Literal["sse", "websocket"], client: Any) -> None:
    stream = client.threads.stream(assistant_id="lgchat", transport=transport)
    async with asyncio.timeout(SECONDS), stream as thread:
        await thread.run.start(input=WEATHER)
        (call,) = [each async for each in thread.tool_calls]
        output = await call.output
    assert (call.name, output["content"]) == ("get_weather", "sunny in Oslo")


@pytest.mark.parametrize("transport", ["sse", "websocket"])
async def test_a_question_is_answered(transport: Literal["sse", "websocket"], client: Any) -> None:
    async with (
        asyncio.timeout(SECONDS),
        client.threads.stream(assistant_id="ask", transport=transport) as thread,
    ):
        await thread.run.start(input={"text": "one"})
        while not thread.interrupted:
            await asyncio.sleep(0.02)
        (asked,) = thread.interrupts
        assert asked["value"] == {"question": "go on with one?"}
        await thread.run.respond("yes")
        identity = thread.thread_id
        while (await client.threads.get(identity))["status"] != "idle":
            await asyncio.sleep(0.02)
    state = await client.threads.get_state(identity)
    assert state["values"]["log"] == ["prepared one", "answered yes", "finished"]


async def test_a_remote_graph_streams_events(client: Any) -> None:
    graph = RemoteGraph("nest", client=client)
    config: Any = {"configurable": {"thread_id": str(uuid4())}}
    async with asyncio.timeout(SECONDS), await graph.astream_events(WEATHER, config, version="v3") as run:
        output = await run.output()
        assert not await run.interrupted()
    assert output["messages"][-1]["content"]
