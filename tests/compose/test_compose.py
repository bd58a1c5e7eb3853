"""docker-compose.yml for real: every protocol through the gateway, with containers killed and scaled."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest
from tests.compose.speaking import PROTOCOLS, TURN_SECONDS, agent_websocket, turn
from websockets.asyncio.client import connect

CONVERSATIONS = 24
SERVICE_RESTART = 1012
FORBIDDEN, NOT_FOUND = 403, 404
PYTHON_SLIM_BYTES = 150e6
"""Of the public image; the stand-in on a machine without a registry is larger."""
SERVICES = ("agent-runner", "edge-rest", "edge-ws", "history-store", "quote-engine", "voice-bridge")


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
    *PROTOCOLS,
    pages,
    large_frames,
]


@pytest.mark.parametrize("check", CHECKS)
async def test_every_protocol_answers(composed: Any, check: Callable[[Any], Awaitable[None]]) -> None:
    await check(composed)


def test_an_image_has_only_what_its_service_needs(images: dict[str, int]) -> None:
    *_, second, first = sorted(images, key=lambda name: images[name])
    assert (first, second) == ("parley/quote-engine", "parley/agent-runner"), "an embedding model and graphs"


def test_the_images_share_what_they_have_in_common(together: int) -> None:
    assert together + PYTHON_SLIM_BYTES < 900e6


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_says_what_it_is_and_what_it_holds(composed: Any, service: str) -> None:
    (container,) = composed.containers(service)[:1]
    labels = container["Config"]["Labels"]
    assert labels["org.opencontainers.image.title"] == f"parley/{service}"
    assert labels["org.opencontainers.image.version"]
    assert "Apache-2.0" in labels["org.opencontainers.image.licenses"]
    bill = json.loads(composed("exec", "--no-TTY", service, "cat", "/opt/parley/sbom.cdx.json"))
    assert {"faststream", f"parley-{service}"} <= {each["name"] for each in bill["components"]}


@pytest.mark.parametrize("service", SERVICES)
def test_a_container_has_no_rights(composed: Any, service: str) -> None:
    program = "import os, pathlib; print(os.getuid()); pathlib.Path('/opt/parley/x').write_text('x')"
    with pytest.raises(AssertionError, match="Read-only file system") as refused:
        composed("exec", "--no-TTY", service, "python", "-c", program)
    assert "10001" in str(refused.value)
    secrets = composed("exec", "--no-TTY", service, "ls", "/run/secrets").split()
    of_an_edge = {"parley_jwt_secret", "parley_api_keys"}
    own = {
        "agent-runner": {"parley_model_key"},
        "edge-rest": of_an_edge | {"parley_webhook_secret"},
        "edge-ws": of_an_edge,
        "history-store": {"parley_database_url"},
        "quote-engine": {"parley_model_key"},
        "voice-bridge": {"parley_voice_key"},
    }
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
    composed.up()  # a gateway with nobody behind it for long is unhealthy, and then nobody can wait for it


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
