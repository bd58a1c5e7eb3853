"""What is done for runs beside running them: those that begin later, and webhooks that hear of their ends."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from langgraph_sdk import get_client
from langgraph_sdk.errors import UnprocessableEntityError
from tests.integration.langgraph.listener import SECONDS, Listener, listening


@pytest.fixture
async def client(url: str) -> Any:
    async with get_client(url=url) as opened:
        yield opened


def said(text: str) -> dict[str, Any]:
    return {"messages": [{"type": "human", "content": text}]}


async def test_a_webhook_is_told_of_every_end_and_the_log_has_what_was_done(
    client: Any, hook: Listener, langgraph_stack: Any
) -> None:
    thread = (await client.threads.create())["thread_id"]
    run = await client.runs.create(thread, "lgchat", input=said("hi"), webhook=hook.url)
    headers, body = await hook.next()
    assert headers["webhook-id"] == body["run_id"] == run["run_id"]
    assert (body["status"], body["thread_id"]) == ("success", thread)
    assert body["values"]["messages"][-1]["content"] == "You said: hi"
    assert body["run_started_at"] <= body["run_ended_at"] <= body["webhook_sent_at"]

    hook.statuses = [500]
    await client.runs.create(thread, "fail", input={"text": "hi"}, webhook=hook.url)
    _, body = await hook.next()
    assert body["status"] == "error"
    assert body["error"]["error"] == "ValueError"
    _, again = await hook.next()
    assert again["run_id"] == body["run_id"]
    kinds: list[dict[str, Any]] = []
    async with asyncio.timeout(SECONDS):
        while len(kinds) < 6:  # the log is told once the answer is here
            events = await asyncio.to_thread(langgraph_stack.export, thread)
            kinds = [each for each in events if each["subject"].startswith("control.webhook")]
    assert [each["payload"].get("status", "tried") for each in kinds] == [
        "tried", 200, "tried", 500, "tried", 200,
    ]  # fmt: skip


async def test_a_webhook_has_the_values_of_its_run_whichever_graph_ran_since(
    client: Any, hook: Listener
) -> None:
    thread = (await client.threads.create())["thread_id"]
    hook.statuses = [500]
    await client.runs.create(thread, "lgchat", input=said("hi"), webhook=hook.url)
    await hook.next()
    later = await client.runs.create(thread, "fail", input={"text": "hi"})
    while (await client.runs.get(thread, later["run_id"]))["status"] in ("pending", "running"):
        pass
    _, again = await hook.next()
    assert again["values"]["messages"][-1]["content"] == "You said: hi"


async def test_a_stateless_run_is_gone_once_its_webhook_knows(client: Any, hook: Listener) -> None:
    await client.runs.create(None, "lgchat", input=said("hi"), webhook=hook.url)
    _, body = await hook.next()
    assert body["values"]["messages"][-1]["content"] == "You said: hi"
    async with asyncio.timeout(SECONDS):
        while await client.threads.search(ids=[body["thread_id"]]):
            pass


@pytest.mark.parametrize("address", ["/relative", "ftp://example.org/x", "no address", "http://"])
async def test_what_is_no_address_is_refused(client: Any, address: str) -> None:
    thread = (await client.threads.create())["thread_id"]
    with pytest.raises(UnprocessableEntityError, match="webhook"):
        await client.runs.create(thread, "lgchat", input=said("hi"), webhook=address)


async def test_a_run_begins_later_and_can_be_cancelled_before(client: Any) -> None:
    thread = (await client.threads.create())["thread_id"]
    later = await client.runs.create(thread, "lgchat", input=said("later"), after_seconds=600)
    soon = await client.runs.create(thread, "lgchat", input=said("soon"), after_seconds=1)
    assert later["status"] == soon["status"] == "pending"
    now = await client.runs.wait(thread, "lgchat", input=said("now"))
    assert now["messages"][-1]["content"] == "You said: now"

    values = await client.runs.join(thread, soon["run_id"])
    assert values["messages"][-1]["content"] == "You said: soon"
    parts = [part async for part in client.runs.join_stream(thread, soon["run_id"], last_event_id="-1")]
    assert parts[0].event == "metadata"
    ids = [int(part.id) for part in parts]
    assert ids == sorted(set(ids))

    assert (await client.runs.get(thread, later["run_id"]))["status"] == "pending"
    await client.runs.cancel(thread, later["run_id"])
    assert (await client.runs.get(thread, later["run_id"]))["status"] == "interrupted"
    listed = [run["run_id"] for run in await client.runs.list(thread)]
    assert sorted(listed) == sorted(set(listed))
    assert len(listed) == 3


async def test_what_is_due_is_done_after_a_restart_of_everything(
    stack_runner: Callable[..., AbstractContextManager[Any]],
    graphs_environment: dict[str, str],
    tmp_path: Path,
    unused_port: Callable[[], int],
) -> None:
    starting = stack_runner(tmp_path / "stack", unused_port, **graphs_environment)
    stack = await asyncio.to_thread(starting.__enter__)
    try:
        async with listening() as hook:
            address = stack.url("PARLEY_LANGGRAPH_PORT")
            async with get_client(url=address) as client:
                thread = (await client.threads.create())["thread_id"]
                run = await client.runs.create(
                    thread, "lgchat", input=said("later"), after_seconds=3, webhook=hook.url
                )
                own = await client.assistants.create("lgchat", name="mine", metadata={"kept": True})
            await asyncio.to_thread(stack.stop)
            await asyncio.to_thread(stack.start)
            _, body = await hook.next()
            assert body["run_id"] == run["run_id"]
            assert body["values"]["messages"][-1]["content"] == "You said: later"
            async with get_client(url=address) as client:
                assert (await client.runs.get(thread, run["run_id"]))["status"] == "success"
                assert await client.assistants.get(own["assistant_id"]) == own
    finally:
        await asyncio.to_thread(starting.__exit__, None, None, None)
