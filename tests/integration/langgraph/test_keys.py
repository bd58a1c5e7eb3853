"""Requests with an ``Idempotency-Key`` that are sent again are taken once, and another one is refused."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import openai
import pytest
from langgraph_sdk import get_client
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

ASK = {"assistant_id": "ask", "input": {"text": "x"}}
SAID = {"assistant_id": "lgchat", "input": {"messages": [{"type": "human", "content": "hi", "id": "h1"}]}}
OTHER = {"assistant_id": "lgchat", "input": {"messages": [{"type": "human", "content": "no", "id": "h1"}]}}
REUSED = {"detail": "Idempotency-Key: it was used for another request"}


@pytest.fixture
async def http(url: str) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Idempotency-Key": str(uuid4())}
    async with httpx.AsyncClient(base_url=url, timeout=30, headers=headers) as opened:
        yield opened


@pytest.fixture
async def client(url: str) -> AsyncIterator[Any]:
    async with get_client(url=url, api_key=None) as opened:
        yield opened


async def thrice(http: httpx.AsyncClient, path: str, body: Any) -> httpx.Response:
    """The answer to a request that is sent twice at once, and again."""
    at_once = await asyncio.gather(*(http.post(path, json=body) for _ in range(2)))
    answers = [*at_once, await http.post(path, json=body)]
    assert [answer.status_code for answer in answers] == [200] * 3, answers[-1].text
    assert len({answer.text.strip() for answer in answers}) == 1
    return answers[0]


async def refused(http: httpx.AsyncClient, path: str, body: Any) -> None:
    answer = await http.post(path, json=body)
    assert (answer.status_code, answer.json()) == (422, REUSED)


async def test_what_is_made(http: httpx.AsyncClient) -> None:
    step = {"updates": [{"values": {"text": "given"}, "as_node": "prepare"}]}
    thread = {"metadata": {"graph_id": "ask", "tag": "one"}, "supersteps": [step]}
    made = (await thrice(http, "/threads", thread)).json()
    history = (await http.post(f"/threads/{made['thread_id']}/history", json={"limit": 9})).json()
    assert [state["values"]["text"] for state in history] == ["given"]
    await refused(http, "/threads", {**thread, "metadata": {}})
    copied = (await thrice(http, f"/threads/{made['thread_id']}/copy", {})).json()
    assert copied["values"]["text"] == "given"
    assistant = {"graph_id": "lgchat", "name": "of the tests", "metadata": {"of": "keys"}}
    assistant_id = (await thrice(http, "/assistants", assistant)).json()["assistant_id"]
    await refused(http, "/assistants", {**assistant, "name": "another"})
    await http.delete(f"/assistants/{assistant_id}")  # the stack is shared, and a scenario counts them


async def test_a_key_is_not_empty(http: httpx.AsyncClient) -> None:
    answer = await http.post("/threads", json={}, headers={"Idempotency-Key": ""})
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("idempotency-key: ")


@pytest.mark.parametrize("way", ["runs", "runs/wait", "runs/stream"])
async def test_runs_of_a_thread(http: httpx.AsyncClient, client: Any, way: str) -> None:
    thread_id = str(uuid4())
    path = f"/threads/{thread_id}/{way}"
    answers = [await http.post(path, json={**SAID, "if_not_exists": "create"}) for _ in range(2)]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.headers["Content-Location"] for answer in answers}) == 1
    if way != "runs":
        assert answers[0].text == answers[1].text
    await refused(http, path, OTHER)
    assert len(await client.runs.list(thread_id)) == 1


@pytest.mark.parametrize("way", ["/wait", "/stream", "/batch", ""])
async def test_runs_of_their_own_also_when_their_threads_are_gone(http: httpx.AsyncClient, way: str) -> None:
    said, other = ([SAID], [OTHER]) if way == "/batch" else (SAID, OTHER)
    answer = await thrice(http, f"/runs{way}", said)
    if way == "/wait":
        assert answer.json()["messages"][-1]["content"] == "You said: hi"
    await refused(http, f"/runs{way}", other)


async def test_commands_are_the_same_when_what_they_answered_waits_no_more(
    http: httpx.AsyncClient, client: Any
) -> None:
    thread_id = str(uuid4())
    path = f"/threads/{thread_id}/commands"
    start = {"id": 1, "method": "run.start", "params": ASK}
    begun = (await thrice(http, path, start)).json()["result"]
    await client.runs.join(thread_id, begun["run_id"])
    assert (await http.post(path, json=start)).json()["result"] == begun
    ((asked,),) = (await client.threads.get(thread_id))["interrupts"].values()
    answer = {"interrupt_id": asked["id"], "namespace": [], "response": "yes"}
    respond = {"id": 2, "method": "input.respond", "params": answer}
    headers = {"Idempotency-Key": str(uuid4())}
    for _ in range(2):
        told = (await http.post(path, json=respond, headers=headers)).json()
        assert (told["type"], told.get("result")) == ("success", {})
    other = (await http.post(path, json={**start, "params": {**ASK, "input": {"text": "z"}}})).json()
    assert other["message"] == f"422: {REUSED['detail']}"
    assert len(await client.runs.list(thread_id)) == 2


async def test_an_update_of_a_state(http: httpx.AsyncClient, client: Any) -> None:
    thread_id = (await client.threads.create())["thread_id"]
    await client.runs.wait(thread_id, "ask", input={"text": "x"})
    path, update = f"/threads/{thread_id}/state", {"values": {"log": ["planted"]}, "as_node": "prepare"}
    told = (await thrice(http, path, update)).json()
    history = await client.threads.get_history(thread_id, limit=20)
    assert history[0]["checkpoint_id"] == told["checkpoint_id"]
    assert history[0]["values"]["log"] == ["prepared x", "planted"]
    assert [state["metadata"]["source"] for state in history].count("update") == 1
    await refused(http, path, {**update, "values": {"log": ["other"]}})
    await client.runs.wait(thread_id, "ask", command={"resume": "yes"})
    assert (await http.post(path, json=update)).json() == told


@pytest.mark.parametrize("thread", [{}, {"thread_id": str(uuid4())}], ids=["alone", "thread"])
async def test_completions(thread: dict[str, str], url: str, client: Any) -> None:
    headers, words = {"Idempotency-Key": str(uuid4())}, [{"role": "user", "content": "hi there"}]
    async with openai.AsyncOpenAI(
        base_url=f"{url}/v1", api_key="none", max_retries=0, default_headers=headers
    ) as sdk:
        ask: Any = sdk.chat.completions.create
        whole = [await ask(model="lgchat", messages=words, metadata=thread) for _ in range(2)]
        assert whole[0] == whole[1]
        assert whole[0].choices[0].message.content == "You said: hi there"
        with pytest.raises(openai.UnprocessableEntityError) as told:
            await ask(model="lgchat", messages=[{"role": "user", "content": "no"}], metadata=thread)
    assert told.value.body == {
        "message": REUSED["detail"],
        "type": "invalid_request_error",
        "param": "Idempotency-Key",
        "code": "idempotency_key_reused",
    }
    if thread:
        assert len(await client.runs.list(thread["thread_id"])) == 1


async def test_a_completion_that_was_cut_off_is_told_when_it_is_asked_for_again(
    http: httpx.AsyncClient,
) -> None:
    body = {"model": "lgchat", "messages": [{"role": "user", "content": "slow 5"}], "stream": True}
    async with http.stream("POST", "/v1/chat/completions", json=body) as cut:
        async for line in cut.aiter_lines():
            if "w1" in line:
                break
    assert "w4" in (await thrice(http, "/v1/chat/completions", body)).text


async def test_a_question_that_a_completion_answers_is_answered_once(
    http: httpx.AsyncClient, client: Any
) -> None:
    thread_id = str(uuid4())
    body = {"model": "planner", "metadata": {"thread_id": thread_id}}
    question = {**body, "messages": [{"role": "user", "content": "계약서를 작성해줘"}]}
    await http.post("/v1/chat/completions", json=question, headers={"Idempotency-Key": str(uuid4())})
    await thrice(http, "/v1/chat/completions", {**body, "messages": [{"role": "user", "content": "네"}]})
    assert len(await client.runs.list(thread_id)) == 2


async def test_calls_of_tools(url: str, client: Any) -> None:
    async with (
        httpx.AsyncClient(headers={"Idempotency-Key": str(uuid4())}, timeout=30) as http,
        streamable_http_client(f"{url}/mcp", http_client=http) as (incoming, outgoing, _),
        ClientSession(incoming, outgoing) as mcp,
    ):
        await mcp.initialize()
        calls = [await mcp.call_tool("lgchat", {"message": "hi"}) for _ in range(2)]
        other = await mcp.call_tool("lgchat", {"message": "no"})
    assert calls[0] == calls[1]
    assert not calls[0].isError
    assert other.isError
    assert REUSED["detail"] in str(other.content[0])
    thread_id = (calls[0].structuredContent or {})["thread_id"]
    assert len(await client.runs.list(thread_id)) == 1
