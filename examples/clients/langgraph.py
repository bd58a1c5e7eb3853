"""LangGraph's own client: streams a run, and answers what the graph asks."""

import asyncio
import sys
from typing import Any

from langgraph_sdk import get_client


async def main(
    base: str = "http://127.0.0.1:2024", graph: str = "planner", message: str = "계약서를 작성해주세요"
) -> None:
    """Talk to the server at `base`, such as ``http://127.0.0.1:2024``."""
    client = get_client(url=base)
    thread = (await client.threads.create())["thread_id"]
    asked: Any = {"input": {"messages": [("user", message)]}}
    while asked:
        async for part in client.runs.stream(thread, graph, stream_mode="updates", **asked):
            if part.event == "updates":
                print("…", *part.data)
        state: Any = await client.threads.get_state(thread)
        questions = state["interrupts"]
        for question in questions:
            print("?", question["value"])
        asked = {"command": {"resume": True}} if questions else None
    print(state["values"]["messages"][-1]["content"])


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
