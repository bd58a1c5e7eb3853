"""One message sent a hundred times at once is run once, and everybody who sent it gets the same answer.

The quote protocol's turn at this is in `test_quote_protocol`. What is spoken has no id, nor has `/agent/run`.
"""

import asyncio
import json
from collections.abc import Callable
from typing import Any, TypeAlias
from urllib.parse import quote
from uuid import uuid4

import httpx
from websockets.asyncio.client import connect

CONNECTIONS = 10
SENDS = 10
WAIT_SECONDS = 60

Frame: TypeAlias = dict[str, Any]


async def last_frames(address: str, said: Frame, is_last: Callable[[Frame], bool]) -> list[Frame]:
    """The frame that ends the answer, as a hundred connections get it that send the same at once."""

    async def client() -> Frame:
        async with connect(address) as socket:
            await socket.send(json.dumps(said))
            while True:
                frame: Frame = json.loads(await socket.recv())
                if is_last(frame):
                    return frame

    async with asyncio.timeout(WAIT_SECONDS):
        return await asyncio.gather(*(client() for _ in range(CONNECTIONS * SENDS)))


async def said_by_people(stack: Any, conversation: str) -> list[str]:
    """What the history says that people have said."""
    async with httpx.AsyncClient(timeout=WAIT_SECONDS) as http:
        told = (await http.get(f"{stack.url()}/history/{quote(conversation, safe='')}")).json()
    return [entry["content"] for entry in told if entry["role"] == "user"]


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


async def test_a_hundred_sends_of_one_octo_message_and_of_one_answer(stack: Any, conversation: str) -> None:
    address = f"{stack.url(scheme='ws')}/ws/{quote(conversation, safe='')}"
    contract = "계약서를 작성해주세요"
    asked = await last_frames(
        address, {"message": contract, "message_id": "m1"}, lambda frame: frame.get("type") == "hitl_request"
    )
    assert [frame for frame in asked if frame != asked[0]] == []
    answer = {
        "type": "human_response",
        "response": "계약 금액을 1000만원으로 수정해주세요",
        "interrupt_id": asked[0]["context"]["interrupt_id"],
    }
    finals = await last_frames(address, answer, lambda frame: frame.get("type") == "final")
    assert "1000만원" in finals[0]["content"] or "10,000,000" in finals[0]["content"]
    assert [frame for frame in finals if frame != finals[0]] == []
    assert await said_by_people(stack, conversation) == [contract, answer["response"]]


async def test_a_hundred_posts_of_one_octo_message_and_of_one_answer(stack: Any, conversation: str) -> None:
    said = {"message": "계약서를 작성해주세요", "thread_id": conversation, "message_id": "m1"}
    await assert_all_alike(f"{stack.url()}/chat", said)
    async with connect(f"{stack.url(scheme='ws')}/ws/{quote(conversation, safe='')}") as socket:
        _, asked = [json.loads(await socket.recv()) for _ in range(2)]
    answer = {"approve": True, "interrupt_id": asked["context"]["interrupt_id"]}
    await assert_all_alike(f"{stack.url()}/api/sessions/{quote(conversation, safe='')}/resume", answer)
    assert await said_by_people(stack, conversation) == [said["message"], "approved"]


async def assert_all_alike(address: str, body: Frame) -> None:
    """A hundred posts of the same are answered alike, and well."""
    async with httpx.AsyncClient(timeout=WAIT_SECONDS) as http:
        answers = await asyncio.gather(*(http.post(address, json=body) for _ in range(CONNECTIONS * SENDS)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1


async def test_a_hundred_sends_of_one_room_message(stack: Any) -> None:
    room = uuid4().hex[:12]
    address = f"{stack.url(scheme='ws')}/v3/?room_uid={room}&user_uid=u"
    said = {"action": "sendmsg", "room_uid": room, "msg": "안녕 반가워요", "message_id": "m1"}
    ends = await last_frames(
        address, said, lambda frame: frame.get("event") == "on_chain_end" and not frame["parent_ids"]
    )
    assert [frame for frame in ends if frame != ends[0]] == []
    assert await said_by_people(stack, room) == [said["msg"]]


async def test_a_hundred_sends_of_one_message_written_into_a_voice_session(stack: Any) -> None:
    async with httpx.AsyncClient(timeout=WAIT_SECONDS) as http:
        created = await http.post(f"{stack.url()}/api/v1/chat/guest-sessions", json={})
    session = created.json()["session_id"]
    said = {"type": "client", "message": "what can you do", "message_id": "m1"}
    address = f"{stack.url('PARLEY_AGENT_WS_PORT', 'ws')}/chat/{session}"
    steps = await last_frames(address, said, lambda frame: frame["type"] == "agent_step")
    assert [frame for frame in steps if frame != steps[0]] == []
    assert await said_by_people(stack, session) == [said["message"]]
