"""What a node raises: clients are told a number, and the log has the whole of it under that number."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from tests.integration.graphs.talks import PROTOCOLS, Kind, Outcome, Stage

SECRET = "words of the graph"
NUMBER = re.compile(r"Something went wrong while answering. \(error ([0-9a-f]{8}(?:\.\d)?)\)")
CALL = "call burst {}"
SECONDS = 60
MODES = ["values", "updates", "messages", "tasks", "checkpoints", "debug", "events", "custom"]


async def told(stack: Any, said: str) -> None:
    """A client was told no more than a number, by which the log has the rest."""
    assert SECRET not in said
    number = NUMBER.search(said)
    assert number, said
    file = stack.folder / "data" / "logs" / "stack.log"
    async with asyncio.timeout(SECONDS):
        while not (rest := file.read_text().partition(f"error {number[1]}")[2]):
            await asyncio.sleep(0.02)  # the supervisor writes down what services say
    assert re.search(rf'File ".*kinds.py", line \d+.*raise \w+\("{SECRET}"\)', rest, re.DOTALL)


@pytest.fixture
async def rest(graphs: Any) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=graphs.url(), timeout=SECONDS) as client:
        yield client


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(("graph", "text"), [("raising", "hello"), ("bursting", CALL)])
async def test_over_sockets(graphs: Any, protocol: str, graph: str, text: str) -> None:
    (came,) = await Stage(graphs).hold(Kind(graph, None, (text,)), protocol, [Outcome(error="")])
    assert came.error
    await told(graphs, came.error)


@pytest.mark.parametrize("text", ["hello", "exit"])
async def test_over_rest(graphs: Any, rest: httpx.AsyncClient, text: str) -> None:
    said = {"message": text, "graph": "raising", "thread_id": uuid4().hex}
    asked = {"task": text, "graph": "raising"}
    chat, run = await rest.post("/chat", json=said), await rest.post("/agent/run", json=asked)
    for answer in (chat, run):
        assert answer.status_code == 500
        if text == "hello":
            await told(graphs, answer.text)
    fine = await rest.post("/agent/run", json={"task": "hello", "graph": "agent"})
    assert fine.json()[-1]["content"] == "you said hello"


async def test_over_openai_and_mcp(graphs: Any, rest: httpx.AsyncClient) -> None:
    asked = {"model": "raising", "messages": [{"role": "user", "content": "hello"}]}
    for stream in (False, True):
        answer = await rest.post("/v1/chat/completions", json=asked | {"stream": stream})
        await told(graphs, answer.text)
    async with (
        streamable_http_client(f"{graphs.url()}/mcp") as (incoming, outgoing, _),
        ClientSession(incoming, outgoing) as mcp,
    ):
        await mcp.initialize()
        failed = await mcp.call_tool("raising", {"message": "hello"})
    assert failed.isError
    await told(graphs, str(failed.content[0]))


async def test_over_langgraph(graphs: Any) -> None:
    async with httpx.AsyncClient(base_url=graphs.url("PARLEY_LANGGRAPH_PORT"), timeout=SECONDS) as client:
        for graph, text in (("raising", "hello"), ("bursting", CALL)):
            asked = {"assistant_id": graph, "input": {"messages": [{"role": "human", "content": text}]}}
            await told(graphs, (await client.post("/runs/wait", json=asked)).text)
            thread = f"/threads/{(await client.post('/threads', json={})).json()['thread_id']}"
            options = {"stream_mode": MODES, "stream_subgraphs": True}
            await told(graphs, (await client.post(f"{thread}/runs/stream", json=asked | options)).text)
            runs = (await client.get(f"{thread}/runs")).json()
            assert [run["status"] for run in runs] == ["error"]
            seen = [await client.get(f"{thread}{path}") for path in ("", "/state", "/history", "/runs")]
            assert SECRET not in json.dumps([answer.json() for answer in seen])
            assert [task["error"] for task in seen[1].json()["tasks"]]
