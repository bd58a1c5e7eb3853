"""docker-compose.yml for real: every protocol through the gateway, with containers killed and scaled."""

import asyncio
import json
import re
from ast import literal_eval
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

TURN_SECONDS = 60
CONVERSATIONS = 24
SERVICE_RESTART = 1012
UNAUTHORIZED, FORBIDDEN, NOT_FOUND = 401, 403, 404
DATA = re.compile(r"^data: (.*?)\r?$", re.MULTILINE)
SERVICES = ("agent-runner", "edge-rest", "edge-ws", "history-store", "quote-engine", "voice-bridge")


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


async def pages(stack: Any) -> None:
    async with httpx.AsyncClient(base_url=stack.url(), timeout=TURN_SECONDS) as client:
        page = (await client.get("/docs")).raise_for_status()
        assert "default-src 'self'" in page.headers["content-security-policy"]
        assert (await client.get("/metrics")).status_code == NOT_FOUND
        stranger = await client.get("/api/sessions", headers={"Host": "evil.example"})
        assert stranger.status_code == FORBIDDEN


async def large_frames(stack: Any) -> None:
    message = {"type": "client", "message": "get all contacts " + "x" * 90_000, "message_id": "m1"}
    async with (
        asyncio.timeout(TURN_SECONDS),
        connect(f"{stack.url(scheme='ws')}/chat/{uuid4()}") as socket,
    ):
        await socket.send(json.dumps(message))
        assert json.loads(await socket.recv())["type"] == "agent_step"


async def every_port(stack: Any) -> None:
    async with httpx.AsyncClient(timeout=TURN_SECONDS) as client:
        for port in stack.ports:
            assert (await client.get(f"{stack.url(port)}/health")).json() == {"status": "healthy"}


# A protocol joins by a check of its own.
CHECKS: list[Callable[[Any], Awaitable[None]]] = [
    every_port,
    agent_websocket,
    agent_run,
    octo,
    quote,
    quote_unbuffered,
    room,
    voice,
    pages,
    large_frames,
]


@pytest.mark.parametrize("check", CHECKS)
async def test_every_protocol_answers(composed: Any, check: Callable[[Any], Awaitable[None]]) -> None:
    await check(composed)


def test_an_image_has_only_what_its_service_needs(images: dict[str, int]) -> None:
    assert max(images, key=lambda name: images[name]) == "parley/agent-runner"


@pytest.mark.parametrize("service", SERVICES)
def test_a_container_has_no_rights(composed: Any, service: str) -> None:
    program = "import os, pathlib; print(os.getuid()); pathlib.Path('/opt/parley/x').write_text('x')"
    with pytest.raises(AssertionError, match="Read-only file system") as refused:
        composed("exec", "--no-TTY", service, "python", "-c", program)
    assert "10001" in str(refused.value)
    secrets = composed("exec", "--no-TTY", service, "ls", "/run/secrets").split()
    of_an_edge = {"parley_jwt_secret", "parley_api_keys"}
    own = {"edge-rest": of_an_edge, "edge-ws": of_an_edge, "history-store": {"parley_database_url"}}
    assert set(secrets) == {"parley_nats_password"} | own.get(service, set())


async def test_what_a_killed_runner_leaves_behind_is_finished_by_another(composed: Any) -> None:
    turns = [asyncio.create_task(turn(composed, f"chat-{uuid4()}", "m1")) for _ in range(CONVERSATIONS)]
    await asyncio.wait(turns, return_when=asyncio.FIRST_COMPLETED)
    await asyncio.to_thread(composed.kill_one, "agent-runner")
    ends = [frames[-1]["type"] for frames in await asyncio.gather(*turns)]
    assert ends == ["message_end"] * CONVERSATIONS


async def test_a_client_of_a_killed_edge_goes_on_at_another(composed: Any) -> None:
    chat_id = f"chat-{uuid4()}"
    before = await turn(composed, chat_id, "m1")
    await asyncio.to_thread(composed.kill_one, "edge-ws")
    assert await turn(composed, chat_id, "m1") == before
    assert (await turn(composed, chat_id, "m2"))[-1]["type"] == "message_end"


async def test_a_client_of_an_edge_that_drains_is_told_to_come_again(composed: Any) -> None:
    chat_id = f"chat-{uuid4()}"
    before = await turn(composed, chat_id, "m1")
    async with connect(f"{composed.url('PARLEY_AGENT_WS_PORT', 'ws')}/chat/{chat_id}") as socket:
        await asyncio.to_thread(composed, "stop", "--timeout", "20", "edge-ws")
        async with asyncio.timeout(TURN_SECONDS):
            await socket.wait_closed()
        assert socket.close_code == SERVICE_RESTART
    await asyncio.to_thread(composed.up, "--scale", "agent-runner=3", "--scale", "edge-ws=2")
    assert await turn(composed, chat_id, "m1") == before


async def test_nothing_said_is_lost_with_the_log_killed(composed: Any) -> None:
    chat_id = f"chat-{uuid4()}"
    before = await turn(composed, chat_id, "m1")
    await asyncio.to_thread(composed, "kill", "nats", "postgres")
    await asyncio.to_thread(composed.up, "--scale", "agent-runner=3", "--scale", "edge-ws=2")
    assert await turn(composed, chat_id, "m1") == before
    await agent_websocket(composed)


def test_services_drain_when_they_are_told_to_end(composed: Any) -> None:
    composed("stop", "--timeout", "20", *SERVICES)
    codes = {name: [each["State"]["ExitCode"] for each in composed.containers(name)] for name in SERVICES}
    replicas = {"agent-runner": 3, "edge-ws": 2}
    assert codes == {name: [0] * replicas.get(name, 1) for name in SERVICES}


async def test_a_cluster_goes_on_without_one_of_its_servers(
    new_stack: Callable[..., Any], images: dict[str, int]
) -> None:
    stack = new_stack("deploy/docker/cluster.env")
    try:
        await asyncio.to_thread(stack.up)
        chat_id = f"chat-{uuid4()}"
        before = await turn(stack, chat_id, "m1")
        await asyncio.to_thread(stack.kill_one, "nats")
        assert await turn(stack, chat_id, "m1") == before
        assert (await turn(stack, chat_id, "m2"))[-1]["type"] == "message_end"
    finally:
        await asyncio.to_thread(stack, "down", "--volumes", "--timeout", "20")
