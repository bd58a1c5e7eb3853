"""A whole installation goes from one stream to three, and goes on there."""

import asyncio
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from websockets.asyncio.client import connect

SECONDS = 90
CHATS = [f"talk {number} 대화" for number in range(6)]


def parley(stack: Any, *command: str, code: int = 0) -> str:
    """What a command prints as its result, or says why there is none."""
    done = subprocess.run(
        [sys.executable, "-m", "parley", *command],
        env=stack._environment(),
        cwd=stack.folder,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stderr if code else done.stdout


async def say(stack: Any, chat: str, text: str, message_id: str) -> None:
    """One message, and all of its answer."""
    async with connect(f"{stack.url('PARLEY_AGENT_WS_PORT', 'ws')}/chat/{quote(chat, safe='')}") as socket:
        await socket.send(json.dumps({"type": "client", "message": text, "message_id": message_id}))
        async with asyncio.timeout(SECONDS):
            while json.loads(await socket.recv())["type"] == "agent_step":
                continue


def digests(stack: Any) -> dict[str, str]:
    """Each conversation's digest, once the tables were found to be those of the log."""
    told = parley(stack, "rebuild", "--verify", "--digests")
    assert "the live rows are those of the log" in told
    return {key: digest for digest, key in re.findall(r"^sha256:(\w+)  (.+)$", told, re.MULTILINE)}


@pytest.mark.slow
async def test_an_installation_gets_more_streams_and_goes_on(own_stack: Any, tmp_path: Path) -> None:
    stack = own_stack
    for chat in CHATS:
        await say(stack, chat, "get all contacts", "m1")
    before = await asyncio.to_thread(digests, stack)
    assert set(CHATS) <= set(before)
    running = await asyncio.to_thread(parley, stack, "spread", "3", code=1)
    assert "stop Parley first" in running
    await asyncio.to_thread(stack.stop)

    assert "conversations moved; set PARLEY_LOG_STREAMS=3" in await asyncio.to_thread(
        parley, stack, "spread", "3"
    )
    stack.environment["PARLEY_LOG_STREAMS"] = "3"
    await asyncio.to_thread(stack.start)

    assert await asyncio.to_thread(digests, stack) == before
    for chat in CHATS:
        await say(stack, chat, "계약서를 작성해주세요", "m2")
    after = await asyncio.to_thread(digests, stack)
    assert set(after) == set(before)
    assert all(after[chat] != before[chat] for chat in CHATS)
    exported = await asyncio.to_thread(parley, stack, "export", CHATS[0])
    assert len(exported.splitlines()) > 4
    await asyncio.to_thread(parley, stack, "erase", CHATS[0], "--yes")
    assert CHATS[0] not in await asyncio.to_thread(digests, stack)
    await asyncio.to_thread(stack.stop)
    stack.environment["PARLEY_LOG_STREAMS"] = "1"
    with pytest.raises(AssertionError, match="no way back to fewer"):
        await asyncio.to_thread(stack.start)
