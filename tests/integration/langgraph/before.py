"""What was there before a recording began."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
from tests.integration.langgraph.scenario import Scenario

Before = Callable[[httpx.AsyncClient, Scenario, str], Awaitable[None]]
"""Makes it, given the name of the recorded graph ``chat`` on this server."""


async def posted(client: httpx.AsyncClient, path: str, **body: Any) -> Any:
    answer = await client.post(path, json=body)
    answer.raise_for_status()
    return answer.json()


async def begun(client: httpx.AsyncClient, scenario: Scenario, chat: str, *said: str) -> str:
    """A thread, in which some things were said."""
    thread: str = (await posted(client, "/threads"))["thread_id"]
    scenario.bound["<thread-1>"] = thread
    for number, text in enumerate(said):
        given = {"messages": [{"type": "human", "content": text, "id": f"h{number + 1}"}]}
        await posted(client, f"/threads/{thread}/runs/wait", assistant_id=chat, input=given)
    return thread


async def one_turn(client: httpx.AsyncClient, scenario: Scenario, chat: str) -> None:
    thread = await begun(client, scenario, chat, "one")
    *_, second, first = await posted(client, f"/threads/{thread}/history", limit=10)
    scenario.bound |= {"<checkpoint-1>": first["checkpoint_id"], "<checkpoint-2>": second["checkpoint_id"]}


async def two_turns(client: httpx.AsyncClient, scenario: Scenario, chat: str) -> None:
    await begun(client, scenario, chat, "hi", "again")


async def nothing_yet(client: httpx.AsyncClient, scenario: Scenario, chat: str) -> None:
    await begun(client, scenario, chat)


async def three_threads(client: httpx.AsyncClient, scenario: Scenario, chat: str) -> None:
    tag = scenario.exchanges[0]["request"]["body"]["metadata"]["tag"]
    threads = [
        await posted(client, "/threads", metadata={"tag": tag, "i": number, "deep": {"a": 1, "b": 2}})
        for number in range(3)
    ]
    path = f"/threads/{threads[1]['thread_id']}/runs/wait"
    await posted(client, path, assistant_id="ask", input={"text": "x"})


async def no_assistants_of_others(client: httpx.AsyncClient, scenario: Scenario, chat: str) -> None:
    for each in await posted(client, "/assistants/search", limit=1000):
        if each["metadata"].get("created_by") != "system":
            await client.delete(f"/assistants/{each['assistant_id']}")


BEFORE: dict[str, Before] = {
    "assistants": no_assistants_of_others,
    "branch": one_turn,
    "thread-join-stream": nothing_yet,
    "threads-search": three_threads,
    "threads-state": two_turns,
}
