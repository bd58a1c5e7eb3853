"""What clients of each protocol say to a stack of Compose, and what they must hear."""

import asyncio
import json
import re
from ast import literal_eval
from collections.abc import Callable, Coroutine
from typing import Any, Final
from uuid import uuid4

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

TURN_SECONDS: Final = 60
UNAUTHORIZED: Final = 401
DATA: Final = re.compile(r"^data: (.*?)\r?$", re.MULTILINE)


async def turn(stack: Any, chat_id: str, message_id: str) -> list[dict[str, Any]]:
    """One message of the agent protocol and all its steps; asked again when the connection breaks."""
    frame = json.dumps({"type": "client", "message": "get all contacts", "message_id": message_id})
    async with asyncio.timeout(TURN_SECONDS):
        async for socket in connect(f"{stack.url('PARLEY_AGENT_WS_PORT', 'ws')}/chat/{chat_id}"):
            steps: list[dict[str, Any]] = []
            try:
                await socket.send(frame)
                while not steps or steps[-1]["type"] == "agent_step":
                    steps.append(json.loads(await socket.recv()))
            except ConnectionClosed:
                continue
            else:
                return steps
            finally:
                await socket.close()
    raise AssertionError("unreachable: connect tries for ever")


async def agent_websocket(stack: Any) -> None:
    chat_id = f"chat-{uuid4()}"
    *steps, end = await turn(stack, chat_id, "m1")
    assert end == {"type": "message_end", "message_id": "m1", "chat_id": chat_id}
    assert [step["step_type"] for step in steps] == ["PlanningStep", "ActionStep", "FinalAnswerStep"]
    async with httpx.AsyncClient(timeout=TURN_SECONDS) as client:
        told = (await client.get(f"{stack.url()}/history/{chat_id}")).raise_for_status().json()
    assert [entry["content"] for entry in told] == ["get all contacts", *(step["message"] for step in steps)]


async def agent_run(stack: Any) -> None:
    async with httpx.AsyncClient(timeout=TURN_SECONDS) as client:
        answer = await client.post(
            f"{stack.url('PARLEY_AGENT_RUN_PORT')}/agent/run", json={"task": "get all contacts"}
        )
    assert literal_eval(answer.raise_for_status().json()[-1]["content"])[0]["email"]


async def octo(stack: Any) -> None:
    thread = f"thread-{uuid4()}"
    async with httpx.AsyncClient(base_url=stack.url(), timeout=TURN_SECONDS) as client:
        said = await client.post("/chat", json={"message": "안녕하세요", "thread_id": thread})
        assert said.raise_for_status().json()["response"]
        session = (await client.get(f"/api/sessions/{thread}")).raise_for_status().json()
        assert session["status"] == "completed"
        assert session["state"]["messages"]
        told = (await client.get(f"/api/sessions/{thread}/history")).raise_for_status().json()
        assert told["messages"][0] == {"type": "HumanMessage", "content": "안녕하세요"}
    async with (
        asyncio.timeout(TURN_SECONDS),
        connect(f"{stack.url(scheme='ws')}/ws/{thread}") as socket,
    ):
        assert json.loads(await socket.recv())["type"] == "connection"
        await socket.send(json.dumps({"message": "안녕하세요"}))
        while (frame := json.loads(await socket.recv())).get("type") != "final":
            assert frame.get("type") != "error"


async def quote(stack: Any) -> None:
    name = {"userId": f"user-{uuid4()}", "threadNum": "1"}
    said = name | {"content": "안녕하세요", "timestamp": "2024-01-15T10:30:00.000Z"}
    async with httpx.AsyncClient(base_url=stack.url("PARLEY_QUOTE_PORT"), timeout=TURN_SECONDS) as client:
        (await client.post("/api/chat/send", json=said)).raise_for_status()
        streamed = (await client.get("/api/chat/stream", params=name)).raise_for_status()
    assert streamed.headers["content-type"] == "text/event-stream"
    events = [json.loads(data) for data in DATA.findall(streamed.text)]
    assert "안녕하세요" in "".join(event["data"] for event in events if event["type"] == "content")
    assert events[-1]["type"] == "complete"


async def quote_unbuffered(stack: Any) -> None:
    """A stream that waits for the next reply is there before that is asked for."""
    name = {"userId": f"user-{uuid4()}", "threadNum": "1"}
    base = stack.url("PARLEY_QUOTE_PORT")
    async with (
        httpx.AsyncClient(base_url=base, timeout=TURN_SECONDS) as client,
        httpx.AsyncClient(base_url=base, timeout=TURN_SECONDS) as listener,
        asyncio.timeout(TURN_SECONDS),
    ):
        first, second = (
            name | {"content": text, "timestamp": f"2024-01-15T10:3{number}:00.000Z"}
            for number, text in enumerate(("안녕하세요", "회사 일이 힘들어요"))
        )
        (await client.post("/api/chat/send", json=first)).raise_for_status()
        told = (await client.get("/api/chat/stream", params=name)).raise_for_status().text
        last = re.findall(r"^id: (.+?)\r?$", told, re.MULTILINE)[-1]
        headers = {"Last-Event-ID": last}
        async with listener.stream("GET", "/api/chat/stream", params=name, headers=headers) as stream:
            chunks = stream.aiter_text()
            assert "retry:" in await anext(chunks)
            (await client.post("/api/chat/send", json=second)).raise_for_status()
            rest = "".join([chunk async for chunk in chunks])
    assert json.loads(DATA.findall(rest)[-1])["type"] == "complete"


async def room(stack: Any) -> None:
    async with httpx.AsyncClient(base_url=stack.url(), timeout=TURN_SECONDS) as client:
        uid = (await client.get("/v3/room/uid/")).raise_for_status().json()["room_uid"]
    events: list[dict[str, Any]] = []
    async with (
        asyncio.timeout(TURN_SECONDS),
        connect(f"{stack.url(scheme='ws')}/v3/?room_uid={uid}&user_uid=kim") as socket,
    ):
        await socket.send(json.dumps({"action": "status"}))
        assert json.loads(await socket.recv())["status"] == "connected"
        said = {"action": "sendmsg", "org_id": "o", "room_uid": uid, "user_id": "kim", "msg": "안녕 반가워요"}
        await socket.send(json.dumps(said))
        while not events or events[-1]["event"] != "on_chain_end" or events[-1]["parent_ids"]:
            events.append(json.loads(await socket.recv()))
    tokens = [each["data"]["chunk"]["content"] for each in events if each["event"] == "on_chat_model_stream"]
    (whole,) = [
        each["data"]["chunk"]["model"]["messages"][0]["content"]
        for each in events
        if each["event"] == "on_chain_stream" and not each["parent_ids"]
    ]
    assert "".join(tokens) == whole


async def voice(stack: Any) -> None:
    async with httpx.AsyncClient(base_url=stack.url(), timeout=TURN_SECONDS) as client:
        created = await client.post("/api/v1/chat/guest-sessions", json={})
        refused = await client.post("/api/v1/chat/sessions", json={})
    assert refused.status_code == UNAUTHORIZED
    session = created.raise_for_status().json()["session_id"]
    address = f"{stack.url(scheme='ws')}/api/v1/chat/ws/guest-chat/{session}"
    async with asyncio.timeout(TURN_SECONDS), connect(f"{address}?show_text=true") as socket:
        await socket.send(json.dumps({"type": "response.create"}))
        frames = [json.loads(await socket.recv())]
        while frames[-1]["type"] != "audio.done":
            frames.append(json.loads(await socket.recv()))
        await socket.send(json.dumps({"type": "disconnect"}))
        while frames[-1]["type"] != "disconnected":
            frames.append(json.loads(await socket.recv()))
    assert any(frame["type"] == "audio.delta" for frame in frames)
    assert frames[-1]["report"]["session_id"] == session


async def langgraph(stack: Any) -> None:
    """A run streamed on a new thread, its state, and the whole of it once more to who joins it afterwards."""
    said = {"assistant_id": "chat", "input": {"messages": [{"role": "user", "content": "안녕하세요"}]}}
    base = stack.url("PARLEY_LANGGRAPH_PORT")
    async with httpx.AsyncClient(base_url=base, timeout=TURN_SECONDS) as client:
        thread = (await client.post("/threads", json={})).raise_for_status().json()["thread_id"]
        streamed = await client.post(
            f"/threads/{thread}/runs/stream", json=said | {"stream_mode": ["values", "messages-tuple"]}
        )
        (begun, *_, values), end = events_in(streamed), "event: end"
        kept = (await client.get(f"/threads/{thread}/state")).raise_for_status().json()
        joined = await client.get(
            f"/threads/{thread}/runs/{begun['run_id']}/stream", headers={"Last-Event-ID": "-1"}
        )
    assert [message["type"] for message in values["messages"]] == ["human", "ai"]
    assert kept["values"]["messages"] == values["messages"]
    assert end in streamed.text
    assert events_in(joined) == events_in(streamed)


def events_in(answer: httpx.Response) -> list[Any]:
    """The data of Server-Sent Events, but for what comes with their end."""
    return [data for text in DATA.findall(answer.raise_for_status().text) if (data := json.loads(text))]


PROTOCOLS: Final[tuple[Callable[[Any], Coroutine[Any, Any, None]], ...]] = (
    agent_websocket,
    agent_run,
    langgraph,
    octo,
    quote,
    quote_unbuffered,
    room,
    voice,
)
