"""The official Python client: what a program that was written for LangGraph's own server gets here."""

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import AbstractContextManager, AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from langgraph.pregel.remote import RemoteGraph
from langgraph_sdk import get_client
from langgraph_sdk.errors import ConflictError, NotFoundError
from websockets.asyncio.client import connect

SLOW: Any = {"messages": [{"type": "human", "content": "slow 15", "id": "h1"}]}
MODES: Any = ["values", "messages-tuple"]


def said(content: str) -> dict[str, Any]:
    return {"messages": [{"type": "human", "content": content, "id": "h1"}]}


@pytest.fixture
async def client(url: str) -> Any:
    async with get_client(url=url) as opened:
        yield opened


async def test_every_event_has_an_id_of_its_own_and_can_be_replayed_after_any(client: Any) -> None:
    thread = await client.threads.create()
    stream = client.runs.stream(
        thread["thread_id"], "lgchat", input=said("weather in Oslo"), stream_mode=MODES
    )
    seen = [part async for part in stream]
    ids = [part.id for part in seen]
    assert len(set(ids)) == len(ids) > 10
    assert ids == sorted(ids, key=int)
    (run,) = await client.runs.list(thread["thread_id"])
    assert run["status"] == "success"
    for place in (0, len(ids) // 2, len(ids) - 2):
        again = client.runs.join_stream(thread["thread_id"], run["run_id"], last_event_id=ids[place])
        assert [part async for part in again] == seen[place + 1 :]
    whole = client.runs.join_stream(thread["thread_id"], run["run_id"], last_event_id="-1")
    assert [part async for part in whole] == seen


async def test_what_is_over_says_nothing_to_who_asks_for_what_comes(client: Any) -> None:
    thread = await client.threads.create()
    await client.runs.wait(thread["thread_id"], "ask", input={"text": "x"})
    (run,) = await client.runs.list(thread["thread_id"])
    joined = client.runs.join_stream(thread["thread_id"], run["run_id"])
    assert [part async for part in joined] == []


@pytest.mark.parametrize("service", ["agent-runner", "edge-rest"])
async def test_a_stream_goes_on_when_a_process_is_killed(
    service: str,
    stack_runner: Callable[..., AbstractContextManager[Any]],
    graphs_environment: dict[str, str],
    tmp_path: Path,
    unused_port: Callable[[], int],
) -> None:
    starting = stack_runner(tmp_path / "stack", unused_port, **graphs_environment)
    stack = await asyncio.to_thread(starting.__enter__)
    opened = AsyncExitStack()
    try:
        url = stack.url("PARLEY_LANGGRAPH_PORT")
        client = await opened.enter_async_context(get_client(url=url))
        thread = await client.threads.create()
        (pid,) = [each["pid"] for each in stack.status() if each["service"] == service]
        parts: list[Any] = []
        stream = client.runs.stream(
            thread["thread_id"], "lgchat", input=SLOW, stream_mode=MODES, stream_resumable=True
        )
        async for part in stream:
            parts.append(part)
            if len(parts) == 6:
                os.kill(pid, signal.SIGKILL)
        (run,) = await client.runs.list(thread["thread_id"])
        assert run["status"] == "success"
        assert parts[-1].event == "end"
        last = next(part for part in reversed(parts) if part.event == "values")
        assert last.data["messages"][-1]["content"] == " ".join(f"w{number}" for number in range(15))
        ids = [int(part.id) for part in parts]
        assert ids == sorted(set(ids))

        await asyncio.to_thread(stack.stop)
        await asyncio.to_thread(stack.start)
        client = await opened.enter_async_context(get_client(url=url))
        again = client.runs.join_stream(thread["thread_id"], run["run_id"], last_event_id=parts[-3].id)
        assert [part async for part in again] == parts[-2:]
    finally:
        await opened.aclose()
        await asyncio.to_thread(starting.__exit__, None, None, None)


@pytest.mark.parametrize(("strict", "headers"), [(True, {}), (False, {"Strict-Resume": "true"})])
async def test_a_strict_answer_is_given_once(
    strict: bool, headers: dict[str, str], client: Any, url: str
) -> None:
    thread = await client.threads.create()
    await client.runs.wait(thread["thread_id"], "ask", input={"text": "one"})
    body = {"assistant_id": "ask", "command": {"resume": "yes"}, "strict_resume": strict}
    async with httpx.AsyncClient(base_url=url, timeout=30, headers=headers) as http:
        path = f"/threads/{thread['thread_id']}/runs/wait"
        answers = await asyncio.gather(*(http.post(path, json=body) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    state = await client.threads.get_state(thread["thread_id"])
    assert state["values"]["log"] == ["prepared one", "answered yes", "finished"]


async def test_an_answer_that_comes_twice_does_not_answer_the_next_question(client: Any) -> None:
    thread = await client.threads.create()
    both = await client.runs.wait(thread["thread_id"], "ask", input={"text": "both"})
    first, _ = (asked["id"] for asked in both["__interrupt__"])
    for _ in range(2):
        await client.runs.create(thread["thread_id"], "ask", command={"resume": {first: "yes"}})
    runs = await client.runs.list(thread["thread_id"])
    for run in runs:
        await client.runs.join(thread["thread_id"], run["run_id"])
    state = await client.threads.get_state(thread["thread_id"])
    assert state["values"]["log"] == ["prepared both", "answered yes"]
    assert state["next"] == ["ask_again"]


async def test_a_deleted_run_leaves_the_state(client: Any) -> None:
    thread = await client.threads.create()
    await client.runs.wait(thread["thread_id"], "lgchat", input=said("hi"))
    (run,) = await client.runs.list(thread["thread_id"])
    await client.runs.delete(thread["thread_id"], run["run_id"])
    assert await client.runs.list(thread["thread_id"]) == []
    state = await client.threads.get_state(thread["thread_id"])
    assert len(state["values"]["messages"]) == 2


async def test_time_travel_makes_branches(client: Any) -> None:
    thread = await client.threads.create()
    thread_id = thread["thread_id"]
    await client.runs.wait(thread_id, "lgchat", input=said("one"))
    history = await client.threads.get_history(thread_id, limit=10)
    begun = history[-1]["checkpoint"]
    other = await client.runs.wait(
        thread_id,
        "lgchat",
        input={"messages": [{"type": "human", "content": "two", "id": "h2"}]},
        checkpoint=begun,
    )
    assert [message["content"] for message in other["messages"]] == ["two", "You said: two"]
    again = await client.runs.wait(thread_id, "lgchat", checkpoint_id=history[1]["checkpoint_id"])
    assert [message["content"] for message in again["messages"]] == ["one", "You said: one"]
    newest, before, *_ = await client.threads.get_history(thread_id, limit=10)
    earlier = await client.threads.get_history(thread_id, limit=1, before=newest["checkpoint"])
    assert [state["checkpoint_id"] for state in earlier] == [before["checkpoint_id"]]
    updated = await client.threads.update_state(
        thread_id, {"messages": [{"type": "ai", "content": "planted", "id": "a9"}]}, as_node="agent"
    )
    state = await client.threads.get_state(thread_id)
    assert state["checkpoint_id"] == updated["checkpoint"]["checkpoint_id"]
    assert state["metadata"]["source"] == "update"
    copy = await client.threads.copy(thread_id)
    assert (await client.threads.get_state(copy["thread_id"]))["values"] == state["values"]


async def test_threads_are_found_by_what_they_are_labelled_with_and_hold(client: Any) -> None:
    tag = str(uuid4())
    threads = [
        await client.threads.create(metadata={"tag": tag, "i": number, "deep": {"a": 1, "b": 2}})
        for number in range(3)
    ]
    await client.runs.wait(threads[1]["thread_id"], "ask", input={"text": tag})
    deep = await client.threads.search(metadata={"tag": tag, "deep": {"a": 1}})
    assert [thread["metadata"]["i"] for thread in deep] == [1, 2, 0]
    waiting = await client.threads.search(metadata={"tag": tag}, status="interrupted")
    assert [thread["metadata"]["i"] for thread in waiting] == [1]
    held = await client.threads.search(values={"text": tag})
    assert [thread["thread_id"] for thread in held] == [threads[1]["thread_id"]]
    cut = await client.threads.search(
        metadata={"tag": tag}, select=["thread_id"], extract={"first": "values.log[0]"}, limit=1
    )
    extracted = {"first": f"prepared {tag}"}
    assert cut == [{"thread_id": threads[1]["thread_id"], "extracted": extracted}]
    assert await client.threads.count(metadata={"tag": tag}) == 3


async def test_a_conversation_of_another_protocol_is_a_thread(client: Any, langgraph_stack: Any) -> None:
    key = str(uuid4())
    async with connect(f"{langgraph_stack.url(scheme='ws')}/ws/chat/{key}") as socket:
        await socket.recv()
        await socket.send('{"message": "연락처를 모두 보여줘"}')
        async with asyncio.timeout(20):
            while '"final"' not in await socket.recv():
                pass
    thread = await client.threads.get(key)
    assert thread["status"] == "idle"
    (run,) = await client.runs.list(key)
    assert run["status"] == "success"
    replay = client.runs.join_stream(key, run["run_id"], last_event_id="-1")
    events = [part.event async for part in replay]
    assert events[0] == "metadata"
    assert {"updates", "values"} <= set(events)
    assert events[-1] == "end"
    more = await client.runs.wait(key, "planner", input=said("안녕"))
    assert more["messages"][-2]["content"] == "안녕"


async def test_remote_graph(client: Any) -> None:
    graph = RemoteGraph("ask", client=client)
    thread = await client.threads.create()
    config: Any = {"configurable": {"thread_id": thread["thread_id"]}}
    chunks = [chunk async for chunk in graph.astream({"text": "one"}, config, stream_mode="updates")]
    assert chunks[0] == {"prepare": {"log": ["prepared one"]}}
    state = await graph.aget_state(config)
    assert state.next == ("ask",)
    await graph.aupdate_state(config, {"answer": "edited"}, as_node="finish")
    assert (await graph.aget_state(config)).values["answer"] == "edited"
    drawn = await graph.aget_graph()
    assert {"prepare", "ask", "ask_again", "finish"} <= drawn.nodes.keys()


async def test_what_is_not_there(client: Any) -> None:
    with pytest.raises(NotFoundError):
        await client.threads.get(str(uuid4()))
    thread = await client.threads.create()
    with pytest.raises(NotFoundError):
        await client.runs.get(thread["thread_id"], str(uuid4()))
    with pytest.raises(ConflictError):
        await client.threads.create(thread_id=thread["thread_id"])
    with pytest.raises(NotFoundError):
        await client.runs.create(thread["thread_id"], str(uuid4()), input={})


async def test_pages_of_other_origins_may_call(url: str) -> None:
    origin = {"Origin": "http://localhost:3000"}
    asked = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "x-api-key,content-type",
    }
    async with httpx.AsyncClient(base_url=url) as http:
        preflight = await http.options("/threads", headers=origin | asked)
        answer = await http.post("/threads", json={}, headers=origin)
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == "http://localhost:3000"
    assert "x-api-key" in preflight.headers["access-control-allow-headers"]
    exposed = answer.headers["access-control-expose-headers"].lower()
    assert {"location", "content-location", "x-pagination-total"} <= set(exposed.split(", "))


async def test_what_a_user_began_is_not_there_for_others(url: str, langgraph_stack: Any) -> None:
    async with AsyncExitStack() as opened:
        alice, bob = [
            await opened.enter_async_context(
                get_client(url=url, headers={"Authorization": f"Bearer {langgraph_stack.token(user)}"})
            )
            for user in ("alice", "bob")
        ]
        thread = await alice.threads.create(metadata={"of": "alice"})
        thread_id = thread["thread_id"]
        await alice.runs.wait(thread_id, "ask", input={"text": "x"})
        for call in (bob.threads.get, bob.threads.get_state, bob.threads.delete, bob.runs.list):
            with pytest.raises(NotFoundError):
                await call(thread_id)
        with pytest.raises(NotFoundError):
            await bob.runs.create(thread_id, "ask", command={"resume": "yes"})
        with pytest.raises(ConflictError):
            await bob.threads.create(thread_id=thread_id, if_exists="do_nothing")
        assert thread_id not in [each["thread_id"] for each in await bob.threads.search(limit=100)]
        assert [each["thread_id"] for each in await alice.threads.search(metadata={"of": "alice"})] == [
            thread_id
        ]
        watching = await bob.http.client.post(
            f"/threads/{thread_id}/stream/events", json={"channels": ["values"]}
        )
        assert watching.status_code == 404
