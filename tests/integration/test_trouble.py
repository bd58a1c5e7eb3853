"""What one client or one graph does to the shipped stack, and that nobody else notices."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest
from websockets.asyncio.client import connect

SECONDS = 60
CROWD = 1_100
MEGABYTE = 1 << 20


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory, unused_port: Any, stack_runner: Any) -> Iterator[Any]:
    """A stack with a graph that does what it is told, however bad that is."""
    environment = {
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "PARLEY_GRAPHS": "trouble=tests.chaos.trouble:builder",
        "PARLEY_QUEUED_PER_CONVERSATION": str(CROWD + 1),
        "PARLEY_CONVERSATIONS_PER_MINUTE": "1000",
    }
    with stack_runner(tmp_path_factory.mktemp("troubled"), unused_port, **environment) as stack:
        yield stack


@pytest.fixture
async def rest(troubled: Any) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=troubled.url(), timeout=SECONDS) as client:
        yield client


@pytest.fixture
def session() -> str:
    return uuid4().hex


async def say(rest: httpx.AsyncClient, session: str, message: str, graph: str = "trouble") -> httpx.Response:
    said = {"message": message, "thread_id": session, "graph": graph}
    return await rest.post("/chat", json=said)


async def queued(stack: Any) -> float:
    """How many messages wait for agent-runner, as its metrics say."""
    async with httpx.AsyncClient(timeout=SECONDS) as client:
        shown = await client.get(f"http://127.0.0.1:{stack.inner_ports()['agent-runner']}/metrics")
    pattern = r'^parley_queue_(?:pending|behind)\{responder="agent-runner"\} (\S+)$'
    return sum(float(value) for value in re.findall(pattern, shown.text, re.MULTILINE))


@pytest.mark.slow
async def test_a_thousand_messages_in_one_conversation_hold_nobody_up(
    troubled: Any, rest: httpx.AsyncClient, session: str, tmp_path: Path
) -> None:
    address = f"{troubled.url(scheme='ws')}/ws/{session}?graph=trouble"
    async with asyncio.timeout(2 * SECONDS), connect(address) as crowd:
        await crowd.send(json.dumps({"message": f"wait {tmp_path / 'gate'}"}))
        for number in range(CROWD):
            await crowd.send(json.dumps({"message": f"{number}"}))
        while await queued(troubled) < CROWD:
            await asyncio.sleep(0.1)
        assert (await say(rest, f"{session} beside", "hello")).json() == {"response": "[최종 응답] hello"}
        assert await queued(troubled) == CROWD
        assert (await rest.delete(f"/api/sessions/{session}")).status_code == 200
        while await queued(troubled):
            await asyncio.sleep(0.1)


async def test_of_two_answers_that_differ_one_is_refused(rest: httpx.AsyncClient, session: str) -> None:
    async def answer_both_ways(number: int) -> None:
        key = f"{session} {number}"
        await say(rest, key, "계약서를 작성해주세요", "planner")
        path = f"/api/sessions/{quote(key)}/resume"
        answers = await asyncio.gather(*(rest.post(path, json={"approve": yes}) for yes in (True, False)))
        assert sorted(answer.status_code for answer in answers) == [200, 400]
        state = (await rest.get(f"/api/sessions/{quote(key)}")).text
        assert ("doc-" in state) == answers[0].is_success

    await asyncio.gather(*map(answer_both_ways, range(5)))


async def test_what_fits_the_log_can_be_read_back(rest: httpx.AsyncClient, session: str) -> None:
    size = 2 * MEGABYTE
    run = await rest.post("/agent/run", json={"task": f"large {size}", "graph": "trouble"})
    assert run.status_code == 200, run.text
    assert len(run.json()[-1]["content"]) == size

    said = [f"large {each}" for each in (size, *[90_000] * 20)]
    for message in said:
        assert (await say(rest, session, message)).status_code == 200
    sizes = [len("[최종 응답] ") + int(message.split()[1]) for message in said]
    history = (await rest.get(f"/api/sessions/{session}/history?limit=100")).json()
    assert history["total_messages"] == history["returned_messages"] == 2 * len(said)
    replies = [each["content"] for each in history["messages"] if each["type"] == "AIMessage"]
    told = (await rest.get(f"/history/{session}")).json()
    assert [len(each) for each in replies] == [size - len("[최종 응답] ") for size in sizes]
    assert [entry["content"] for entry in told if entry["role"] == "user"] == said
    assert [entry["content"] for entry in told if entry["step_type"] == "FinalAnswerStep"] == replies


async def test_a_run_that_fails_is_answered_and_told_to_the_operator_once(
    troubled: Any, rest: httpx.AsyncClient, session: str
) -> None:
    run = await rest.post("/agent/run", json={"task": f"fail {session}", "graph": "trouble"})
    assert run.status_code == 500
    assert session in run.json()["detail"]
    told = [line for line in troubled.log().splitlines() if session in line]
    assert sum("WARNING" in line or "ERROR" in line for line in told) == 1, told


async def test_a_node_that_ends_its_process_ends_its_run_alone(
    troubled: Any, rest: httpx.AsyncClient, session: str
) -> None:
    def pids() -> list[int]:
        return [each["pid"] for each in troubled.status()]

    before = await asyncio.to_thread(pids)
    failed = await say(rest, session, "exit 3")
    assert failed.status_code == 500, failed.text
    assert (await say(rest, session, "hello")).json() == {"response": "[최종 응답] hello"}
    assert await asyncio.to_thread(pids) == before
