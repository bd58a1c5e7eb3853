"""One message sent a hundred times at once is run once, and everybody who sent it gets the same answer."""

import asyncio
import json
from typing import Any
from urllib.parse import quote

import httpx
from websockets.asyncio.client import connect

CONNECTIONS = 10
SENDS = 10
WAIT_SECONDS = 60


async def test_a_hundred_sends_of_one_message(stack: Any, conversation: str) -> None:
    address = f"{stack.url('PARLEY_AGENT_WS_PORT', 'ws')}/chat/{quote(conversation, safe='')}"
    said = json.dumps({"type": "client", "message": "계약서를 작성해주세요", "message_id": "m1"})

    async def client() -> list[list[dict[str, Any]]]:
        """Send it ten times at once; the ten answers."""
        answers: list[list[dict[str, Any]]] = []
        async with connect(address) as socket:
            await asyncio.gather(*(socket.send(said) for _ in range(SENDS)))
            for _ in range(SENDS):
                frames = [json.loads(await socket.recv())]
                while frames[-1]["type"] == "agent_step":
                    frames.append(json.loads(await socket.recv()))
                answers.append(frames)
        return answers

    async with asyncio.timeout(WAIT_SECONDS):
        answers = [
            answer
            for each in await asyncio.gather(*(client() for _ in range(CONNECTIONS)))
            for answer in each
        ]
    assert len(answers) == CONNECTIONS * SENDS
    assert answers[0][-1]["type"] == "message_end"
    assert [answer for answer in answers if answer != answers[0]] == []
    async with httpx.AsyncClient(timeout=WAIT_SECONDS) as http:
        told = (await http.get(f"{stack.url()}/history/{quote(conversation, safe='')}")).json()
    assert [entry["role"] for entry in told].count("user") == 1
    assert len(told) == len(answers[0])  # the message and the steps; the end is no entry
