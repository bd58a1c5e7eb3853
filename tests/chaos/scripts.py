"""Conversations by script over every protocol, held by clients that say again what they got no answer to.

To try another protocol or talk, add how a client of it holds the conversation to `SCRIPTS`.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias
from uuid import uuid4

import httpx
from tests.chaos.fleet import ANSWER_SECONDS, Fleet
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

Frame: TypeAlias = dict[str, Any]

PAUSE_SECONDS: Final = 0.05


@dataclass(frozen=True)
class Talk:
    """A conversation that was held.

    Attributes:
        seen: what the client was told, turn by turn.
    """

    conversation: str
    seen: list[Any]


Script: TypeAlias = Callable[[Fleet, str], Awaitable[Talk]]
"""Holds a conversation; it is given a key of its own."""


async def contract(fleet: Fleet, key: str) -> Talk:
    """Asks something, has a contract drafted, is asked, and answers with a change."""
    said = ("get all contacts", "계약서를 작성해주세요", "계약 금액을 1000만원으로 수정해주세요")
    return Talk(key, [await fleet.say(key, text, f"m{number}") for number, text in enumerate(said)])


async def analysis(fleet: Fleet, key: str) -> Talk:
    """Has figures analysed and a report written."""
    said = ("2023년 매출 데이터를 분석해주세요", "월간 분석 보고서를 작성해줘")
    return Talk(key, [await fleet.say(key, text, f"m{number}") for number, text in enumerate(said)])


async def octo(fleet: Fleet, key: str) -> Talk:
    """Has a graph drawn and a contract drafted, is asked and approves."""
    address = fleet.address("edge-ws", f"/ws/{key}", scheme="ws")
    drawn = {"message": "프로젝트 진행 상황을 그래프로 보여줘", "output_format": "graph", "message_id": "m0"}
    *_, graph = await insist(address, drawn, is_final)
    draft = {"message": "계약서를 작성해주세요", "message_id": "m1"}
    *_, asked = await insist(address, draft, lambda frame: frame.get("type") == "hitl_request")
    approval = {
        "type": "human_response",
        "approve": True,
        "interrupt_id": asked["context"].pop("interrupt_id"),
    }
    *_, final = await insist(address, approval, is_final)
    return Talk(key, [graph, asked, final])


def is_final(frame: Frame) -> bool:
    return frame.get("type") == "final"


async def room(fleet: Fleet, key: str) -> Talk:
    """Greets, and has figures analysed."""
    address = fleet.address("edge-ws", f"/v3/?room_uid={key}&user_uid=u", scheme="ws")
    seen = []
    for number, text in enumerate(("안녕 반가워요", "2023년 매출 데이터를 분석해주세요")):
        said = {"action": "sendmsg", "room_uid": key, "msg": text, "message_id": f"m{number}"}
        turn = await insist(address, said, is_end_of_turn)
        seen.append([frame["data"] for frame in turn if is_of_root(frame, "on_chain_stream")][-1])
    return Talk(key, seen)


def is_of_root(frame: Frame, event: str) -> bool:
    return frame.get("event") == event and not frame["parent_ids"]


def is_end_of_turn(frame: Frame) -> bool:
    return is_of_root(frame, "on_chain_end")


async def quotation(fleet: Fleet, key: str) -> Talk:
    """Talks through the four stages."""
    name = {"userId": "somebody", "threadNum": key}
    said = ("요즘 회사 일이 너무 힘들어요", "매일 야근이라 지쳐요", "아무것도 하기 싫어요", "쉬고 싶어요")
    seen = []
    for number, text in enumerate(said):
        body = name | {"content": text, "timestamp": f"2024-01-15T10:30:0{number}.000Z"}
        await ask(fleet, "POST", "/api/chat/send", body, lambda _: True)
        seen.append(
            await ask(fleet, "GET", "/api/chat/status", name, lambda now: now["status"] == "completed")
        )
    return Talk(f"somebody:{key}", [(reply["content"], reply["quote"]) for reply in seen])


async def thread(fleet: Fleet, _: str) -> Talk:
    """Asks something and has figures analysed, as a program does that knows LangGraph's own server."""
    key = str(uuid4())
    await ask(fleet, "POST", "/threads", {"thread_id": key, "if_exists": "do_nothing"}, lambda _: True)
    seen = []
    for number, text in enumerate(("get all contacts", "2023년 매출 데이터를 분석해주세요")):
        said = {"messages": [{"type": "human", "content": text, "id": f"h{number}"}]}
        state = await ask(
            fleet,
            "POST",
            f"/threads/{key}/runs/wait",
            {"assistant_id": "planner", "input": said},
            lambda state: "messages" in state,
            once=f"m{number}",
        )
        seen.append([(message["type"], message["content"]) for message in state["messages"]])
    return Talk(key, seen)


async def voice_session(fleet: Fleet, _: str) -> Talk:
    """Opens a voice session, and talks in it in writing: audio that a crash cuts off has to be said again."""
    opened = await ask(fleet, "POST", "/api/v1/chat/guest-sessions", {"voice": "coral"}, lambda _: True)
    key = opened["session_id"]
    return Talk(key, [await fleet.say(key, "what is the email of Mia Tanaka", "m0")])


SCRIPTS: Final[Mapping[str, Script]] = {
    "agent contract": contract,
    "agent analysis": analysis,
    "octo": octo,
    "room": room,
    "quote": quotation,
    "langgraph": thread,
    "voice": voice_session,
}


async def insist(address: str, said: Frame, is_answer: Callable[[Frame], bool]) -> list[Frame]:
    """The frames up to the one that answers, for a client that says it again until it comes."""
    async with asyncio.timeout(ANSWER_SECONDS):
        while True:
            try:
                async with connect(address, open_timeout=5, close_timeout=1) as client:
                    await client.send(json.dumps(said))
                    frames: list[Frame] = []
                    async for text in client:
                        frames.append(json.loads(text))
                        if is_answer(frames[-1]):
                            return frames
                        if "error" in (frames[-1].get("type"), frames[-1].get("status")):
                            break
            except (OSError, InvalidHandshake, ConnectionClosed):
                pass
            await asyncio.sleep(PAUSE_SECONDS)


async def ask(
    fleet: Fleet,
    method: str,
    path: str,
    body: Mapping[str, Any],
    is_answer: Callable[[Frame], bool],
    *,
    once: str = "",
) -> Frame:
    """The answer to a call that is made again until there is one; by the name `once` it is known again."""
    place = "json" if method == "POST" else "params"
    headers = {"Idempotency-Key": once} if once else {}
    async with asyncio.timeout(ANSWER_SECONDS), httpx.AsyncClient(timeout=10) as client:
        while True:
            try:
                address = fleet.address("edge-rest", path)
                answer = await client.request(method, address, headers=headers, **{place: body})  # type: ignore[arg-type]  # one of two keywords
            except httpx.TransportError:
                pass
            else:
                if answer.is_success and is_answer(found := answer.json()):
                    return dict(found)
            await asyncio.sleep(PAUSE_SECONDS)
