"""The official client of the Model Context Protocol: a graph is a tool."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx
import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client


@asynccontextmanager
async def session(url: str) -> AsyncIterator[ClientSession]:
    async with (
        streamable_http_client(f"{url}/mcp") as (incoming, outgoing, _),
        ClientSession(incoming, outgoing) as opened,
    ):
        await opened.initialize()
        yield opened


async def test_a_tool_says_what_the_graph_says_word_by_word(url: str) -> None:
    words: list[str | None] = []

    async def progress(progress: float, total: float | None, message: str | None) -> None:
        words.append(message)

    async with session(url) as mcp:
        tools = await mcp.list_tools()
        assert {"planner", "lgchat"} <= {tool.name for tool in tools.tools}
        said = await mcp.call_tool("lgchat", {"message": "hi there"}, progress_callback=progress)
        assert words == ["You", " said:", " hi", " there"]
        thread = structured(said)["thread_id"]
        again = await mcp.call_tool("lgchat", {"message": "again", "thread_id": thread})
    assert structured(again) == {"answer": "You said: again", "thread_id": thread}


async def test_a_question_is_answered_by_a_second_call_once(url: str) -> None:
    async with session(url) as mcp:
        asked = structured(await mcp.call_tool("planner", {"message": "계약서를 작성해줘"}))
        assert asked["answer"] == asked["questions"][0]["value"]["question"]
        answer = {"answer": "네", "thread_id": asked["thread_id"]}
        done = structured(await mcp.call_tool("planner", answer))
        assert done["answer"] != asked["answer"]
        assert "questions" not in done
        late = await mcp.call_tool("planner", answer)
        nobody = await mcp.call_tool("planner", {**answer, "thread_id": str(uuid4())})
    assert late.isError
    assert nobody.isError


async def test_a_failure_is_told(url: str) -> None:
    async with session(url) as mcp:
        failed = await mcp.call_tool("fail", {"message": "x"})
        nothing = await mcp.call_tool("lgchat", {})
    assert failed.isError
    assert "boom" in str(failed.content[0])
    assert nothing.isError


@pytest.mark.parametrize("origin", ["https://evil.example"])
async def test_strange_pages_are_refused(origin: str, url: str) -> None:
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    async with httpx.AsyncClient() as http:
        refused = await http.post(f"{url}/mcp", json=call, headers={"Origin": origin})
    assert refused.status_code == 403


def structured(result: Any) -> dict[str, Any]:
    assert not result.isError, result.content
    found: dict[str, Any] = result.structuredContent
    return found
