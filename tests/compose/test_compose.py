"""docker-compose.yml for real: every protocol through the gateway, with containers killed and scaled."""

import asyncio
import json
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
CHECKS: list[Callable[[Any], Awaitable[None]]] = [every_port, agent_websocket, agent_run, large_frames]


@pytest.mark.parametrize("check", CHECKS)
async def test_every_protocol_answers(composed: Any, check: Callable[[Any], Awaitable[None]]) -> None:
    await check(composed)


def test_an_image_has_only_what_its_service_needs(images: dict[str, int]) -> None:
    assert max(images, key=lambda name: images[name]) == "parley/agent-runner"


@pytest.mark.parametrize("service", ["agent-runner", "edge-rest", "edge-ws", "history-store"])
def test_a_container_has_no_rights(composed: Any, service: str) -> None:
    program = "import os, pathlib; print(os.getuid()); pathlib.Path('/opt/parley/x').write_text('x')"
    with pytest.raises(AssertionError, match="Read-only file system") as refused:
        composed("exec", "--no-TTY", service, "python", "-c", program)
    assert "10001" in str(refused.value)
    secrets = composed("exec", "--no-TTY", service, "ls", "/run/secrets").split()
    own = {"edge-rest": {"parley_jwt_secret"}, "edge-ws": {"parley_jwt_secret"}}
    own["history-store"] = {"parley_database_url"}
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
    services = ("agent-runner", "edge-rest", "edge-ws", "history-store")
    composed("stop", "--timeout", "20", *services)
    codes = {name: [each["State"]["ExitCode"] for each in composed.containers(name)] for name in services}
    assert codes == {"agent-runner": [0] * 3, "edge-rest": [0], "edge-ws": [0] * 2, "history-store": [0]}


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
