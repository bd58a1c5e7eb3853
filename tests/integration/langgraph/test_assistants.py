"""Assistants of one's own: made, changed in versions, chosen, searched, deleted, and what their runs get."""

import json
from typing import Any
from uuid import uuid4

import pytest
from langgraph_sdk import get_client
from langgraph_sdk.errors import APIStatusError, BadRequestError, ConflictError, NotFoundError
from websockets.asyncio.client import connect

KIM = {"configurable": {"user_name": "Kim"}}


@pytest.fixture
async def client(url: str) -> Any:
    async with get_client(url=url) as opened:
        yield opened


async def test_an_assistant_has_versions_and_each_can_be_gone_back_to(client: Any) -> None:
    made = await client.assistants.create(
        "lgchat", KIM, name="my own", description="of the tests", metadata={"team": {"name": "a"}}
    )
    identity = made["assistant_id"]
    assert (made["version"], made["config"], made["description"]) == (1, KIM, "of the tests")
    changed = await client.assistants.update(identity, name="renamed", metadata={"more": 1})
    assert changed | {"updated_at": 0} == made | {
        "version": 2,
        "name": "renamed",
        "metadata": {"team": {"name": "a"}, "more": 1},
        "updated_at": 0,
    }
    assert await client.assistants.get(identity) == changed
    versions = await client.assistants.get_versions(identity)
    assert [each["version"] for each in versions] == [2, 1]
    assert versions[1] == made
    assert await client.assistants.get_versions(identity, metadata={"more": 1}) == [changed]

    back = await client.assistants.set_latest(identity, 1)
    assert back == made == await client.assistants.get(identity)
    third = await client.assistants.update(identity, graph_id="ask")
    assert (third["version"], third["graph_id"], third["name"]) == (3, "ask", "my own")

    await client.assistants.delete(identity)
    for call in (client.assistants.get, client.assistants.delete):
        with pytest.raises(NotFoundError):
            await call(identity)
    again = await client.assistants.create("lgchat", assistant_id=identity)
    assert again["version"] == 1


async def test_a_run_of_an_assistant_has_its_graph_and_its_settings(client: Any) -> None:
    made = await client.assistants.create("ask", KIM, name="asks")
    thread = await client.threads.create()
    await client.runs.wait(thread["thread_id"], made["assistant_id"], input={"text": "x"})
    (run,) = await client.runs.list(thread["thread_id"])
    assert run["assistant_id"] == made["assistant_id"]
    assert run["kwargs"]["config"]["configurable"]["user_name"] == "Kim"
    assert (await client.threads.get(thread["thread_id"]))["metadata"]["graph_id"] == "ask"
    assert (await client.assistants.get_schemas(made["assistant_id"]))["graph_id"] == "ask"
    await client.assistants.delete(made["assistant_id"])  # the stack is shared, and a scenario counts them


async def test_what_a_run_says_goes_before_its_assistant_name_by_name(client: Any, url: str) -> None:
    own = {"recursion_limit": 9, "configurable": {"user_name": "Kim", "language": "ko"}}
    configured = (await client.assistants.create("lgchat", own))["assistant_id"]
    contexts = (await client.assistants.create("lgchat", context={"user_name": "Kim", "language": "ko"}))[
        "assistant_id"
    ]
    said = {"configurable": {"user_name": "Lee"}, "tags": ["t"]}
    asked = {"input": {"messages": [{"role": "user", "content": "hi"}]}}
    thread = (await client.threads.create())["thread_id"]
    await client.runs.wait(thread, configured, config=said, **asked)
    await client.runs.wait(thread, contexts, context={"user_name": "Lee"}, **asked)
    start = {"assistant_id": configured, "config": said, **asked}
    async with connect(f"{url.replace('http', 'ws')}/threads/{thread}/stream/events") as socket:
        await socket.send(json.dumps({"id": 1, "method": "run.start", "params": start}))
        while json.loads(await socket.recv()).get("id") != 1:
            pass
    for run in await client.runs.list(thread):
        if run["assistant_id"] == contexts:
            assert run["kwargs"]["context"] == {"user_name": "Lee", "language": "ko"}
            continue
        config = run["kwargs"]["config"]
        assert (config["recursion_limit"], config["tags"]) == (9, ["t"])
        assert {name: config["configurable"][name] for name in ("user_name", "language")} == {
            "user_name": "Lee",
            "language": "ko",
        }
    for each in (configured, contexts):
        await client.assistants.delete(each)


async def test_assistants_are_searched_and_counted_with_those_of_graphs(client: Any) -> None:
    mark = str(uuid4())
    made = [
        await client.assistants.create("nest", name=f"number {n}", metadata={"mark": mark, "n": n})
        for n in range(3)
    ]
    found = await client.assistants.search(metadata={"mark": mark}, sort_by="name", sort_order="desc")
    assert [each["name"] for each in found] == ["number 2", "number 1", "number 0"]
    assert found[2] == made[0]
    assert await client.assistants.count(metadata={"mark": mark}) == 3
    assert len(await client.assistants.search(metadata={"mark": mark}, limit=2, offset=1)) == 2
    named = await client.assistants.search(graph_id="nest", limit=1000)
    assert {"system"} < {each["metadata"].get("created_by", "me") for each in named}


async def test_what_cannot_be_is_refused(client: Any) -> None:
    made = await client.assistants.create("lgchat")
    with pytest.raises(ConflictError):
        await client.assistants.create("lgchat", assistant_id=made["assistant_id"])
    same = await client.assistants.create("ask", assistant_id=made["assistant_id"], if_exists="do_nothing")
    assert same == made
    with pytest.raises(NotFoundError):
        await client.assistants.create("no such graph")
    with pytest.raises(NotFoundError):
        await client.assistants.update(str(uuid4()), name="x")
    with pytest.raises(NotFoundError):
        await client.assistants.set_latest(made["assistant_id"], 7)
    (default,) = [
        each for each in await client.assistants.search(graph_id="ask", limit=100) if each["name"] == "ask"
    ]
    with pytest.raises(ConflictError):
        await client.assistants.delete(default["assistant_id"])
    with pytest.raises(APIStatusError):
        await client.assistants.update("no-uuid", name="x")
    with pytest.raises(BadRequestError):
        await client.assistants.create("ask", KIM, context={"user_name": "Lee"})
    with pytest.raises(BadRequestError):
        await client.assistants.update(made["assistant_id"], config=KIM, context={"user_name": "Lee"})


async def test_an_assistant_goes_with_its_threads_where_that_is_asked_for(client: Any) -> None:
    made = await client.assistants.create("ask")
    own, other = [(await client.threads.create())["thread_id"] for _ in range(2)]
    await client.runs.wait(own, made["assistant_id"], input={"text": "x"})
    await client.runs.wait(other, "ask", input={"text": "x"})
    await client.assistants.delete(made["assistant_id"], delete_threads=True)
    with pytest.raises(NotFoundError):
        await client.threads.get(own)
    assert (await client.threads.get(other))["thread_id"] == other


@pytest.mark.parametrize("path", ["/runs/crons", "/runs/crons/search", "/runs/x/feedback", "/threads/prune"])
async def test_what_there_is_not_is_not_found_and_told(client: Any, path: str) -> None:
    with pytest.raises(NotFoundError):
        await client.http.post(path, json={})
    flags = (await client.http.get("/info"))["flags"]
    assert (flags["crons"], flags["feedback"], flags["prune"]) == (False, False, False)
