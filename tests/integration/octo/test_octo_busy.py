"""While a run is in progress: queueing, rejecting, interrupting, cancelling, reconnecting; and failing."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

SECONDS = 20


class Gate:
    """Runs of a message wait until its gate is open."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def message(self, words: str) -> dict[str, str]:
        return {"message": f"{self.path} {words}"}

    def open(self) -> None:
        self.path.touch()


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return Gate(tmp_path / "one")


@pytest.fixture
def gates(tmp_path: Path) -> list[Gate]:
    return [Gate(tmp_path / f"gate-{number}") for number in range(3)]


async def until_waiting(client: Any) -> None:
    """Until the run has reached the node that waits."""
    async with asyncio.timeout(SECONDS):
        while (await client.receive()).get("node") != "wait":
            pass


async def until_recorded(rest: Any, session: str, words: str) -> None:
    """Until the log has a message: what comes after the question would be its answer."""
    async with asyncio.timeout(SECONDS):
        while True:
            history = (await rest.get(f"/api/sessions/{session}/history")).json()
            if any(message["content"].endswith(words) for message in history["messages"]):
                return
            await asyncio.sleep(0.02)


async def test_messages_are_queued_in_order(open_gated: Any, session: str, gates: list[Gate]) -> None:
    async with open_gated(session) as client:
        for number, gate in enumerate(gates):
            await client.send(gate.message(f"m{number}"))
        for gate in reversed(gates):
            gate.open()
        finals = [(await client.until("final", "error"))[-1]["content"] for _ in gates]
    assert finals == ["m0", "m0 | m1", "m0 | m1 | m2"]


async def test_a_message_may_be_rejected(open_gated: Any, session: str, gate: Gate) -> None:
    async with open_gated(session, on_busy="reject") as client:
        await client.send(gate.message("first"))
        await until_waiting(client)
        refused = (await client.turn(gate.message("second")))[-1]
        assert refused["type"] == "error"
        assert refused["error"].startswith("처리 중 에러가 발생했습니다: on_busy")
        gate.open()
        assert (await client.until("final"))[-1]["content"] == "first"
        assert (await client.say(f"{gate.path} third"))["content"] == "first | third"


@pytest.mark.parametrize(
    ("on_busy", "remembered"),
    [("interrupt", "before | first | second"), ("rollback", "before | second")],
)
async def test_a_message_may_replace_the_run(
    open_gated: Any,
    gated_rest: Any,
    session: str,
    gates: list[Gate],
    tmp_path: Path,
    on_busy: str,
    remembered: str,
) -> None:
    async with open_gated(session, on_busy=on_busy) as client:
        gates[0].open()
        assert (await client.turn(gates[0].message("before")))[-1]["content"] == "before"
        await client.send(gates[1].message("first"))
        await until_waiting(client)
        gates[2].open()
        cancelled = (await client.turn(gates[2].message("second")))[-1]
        assert cancelled["type"] == "error"
        assert "취소" in cancelled["error"]
        assert (await client.until("final", "error"))[-1]["content"] == remembered
    state = (await gated_rest.get(f"/api/sessions/{session}")).json()
    assert state["status"] == "completed"
    texts = [message["content"] for message in state["state"]["messages"]]
    assert any(text.endswith("first") for text in texts) == (on_busy == "interrupt")


async def test_a_turn_with_a_question_is_rolled_back_whole(
    open_gated: Any, gated_rest: Any, session: str, gates: list[Gate]
) -> None:
    async with open_gated(session, on_busy="rollback") as client:
        gates[0].open()
        await client.turn(gates[0].message("before"))
        asked = (await client.turn(gates[1].message("ask first")))[-1]
        assert asked["type"] == "hitl_request"
        await client.send({"type": "human_response", "approve": True})
        await until_waiting(client)
        gates[2].open()
        assert "취소" in (await client.turn(gates[2].message("second")))[-1]["error"]
        assert (await client.until("final", "error"))[-1]["content"] == "before | second"
    history = (await gated_rest.get(f"/api/sessions/{session}/history")).json()
    said = [message["content"].split(" ", 1)[-1] for message in history["messages"]]
    assert said == ["before", "before", "second", "| second"]


async def test_a_message_answers_no_question_that_was_asked_after_it(
    open_gated: Any, gated_rest: Any, session: str, gates: list[Gate]
) -> None:
    async with open_gated(session) as client:
        await client.send(gates[0].message("first"))
        await until_waiting(client)
        await client.send(gates[1].message("ask second"))
        await client.send(gates[2].message("third"))
        await until_recorded(gated_rest, session, "third")
        for gate in gates:
            gate.open()
        ends = [(await client.until("final", "hitl_request", "error"))[-1] for _ in range(3)]
        assert [end["type"] for end in ends] == ["final", "hitl_request", "final"]
        assert ends[2]["content"] == "first | ask second | third"
        late = (await client.turn({"type": "human_response", "approve": True}))[-1]
        assert late["type"] == "error"
    assert (await gated_rest.get(f"/api/sessions/{session}")).json()["status"] == "completed"


async def test_a_run_is_cancelled_on_the_socket(
    open_gated: Any, gated_rest: Any, session: str, gate: Gate
) -> None:
    async with open_gated(session) as client:
        await client.send(gate.message("first"))
        await until_waiting(client)
        assert (await gated_rest.get(f"/api/sessions/{session}")).json()["status"] == "in_progress"
        assert (await client.turn({"type": "cancel"}))[-1]["type"] == "error"
        assert (await gated_rest.get(f"/api/sessions/{session}")).json()["status"] == "completed"
        gate.open()
        assert (await client.say(f"{gate.path} second"))["content"] == "first | second"
        nothing = (await client.turn({"type": "cancel"}))[-1]
        assert nothing["error"].startswith("처리 중 에러가 발생했습니다: cancel")


async def test_a_cancelled_run_ends_in_its_own_attempt_with_a_clean_log(
    open_gated: Any, gated_rest: Any, gated_stack: Any, session: str, gate: Gate
) -> None:
    logged = len(gated_stack.log())
    async with open_gated(session) as client:
        await client.send(gate.message("first"))
        await until_waiting(client)
        await gated_rest.post(f"/api/sessions/{session}/cancel")
        assert (await client.until("final", "error"))[-1]["type"] == "error"
    told = await asyncio.to_thread(gated_stack.export, session)
    runs = [event["headers"]["ce-type"] for event in told]
    assert [runs.count("run.started"), runs[-1]] == [1, "run.cancelled"]
    assert "Traceback" not in gated_stack.log()[logged:]
    assert "delivered again" not in gated_stack.log()[logged:]


async def test_runs_are_cancelled_over_rest_with_those_that_wait(
    open_gated: Any, gated_rest: Any, session: str, gate: Gate
) -> None:
    url = f"/api/sessions/{session}/cancel"
    assert (await gated_rest.post(url)).status_code == 404
    async with open_gated(session) as client:
        await client.send(gate.message("first"))
        await client.send(gate.message("second"))
        await until_waiting(client)
        cancelled = await gated_rest.post(url)
        assert cancelled.status_code == 200, cancelled.text
        assert cancelled.json()["message"] == "Session run cancelled"
        assert len(cancelled.json()["run_ids"]) == 2
        for _ in range(2):
            assert (await client.until("final", "error"))[-1]["type"] == "error"
        assert (await gated_rest.post(url)).status_code == 409
        gate.open()
        assert (await client.say(f"{gate.path} third"))["type"] == "final"


async def test_a_run_goes_on_and_is_seen_by_the_next_connection(
    open_gated: Any, session: str, gate: Gate
) -> None:
    async with open_gated(session) as client:
        await client.send(gate.message("first"))
        await until_waiting(client)
    async with open_gated(session) as client, open_gated(session, path="ws/chat") as other:
        gate.open()
        for one in (client, other):
            frames = await one.until("final", "error")
            told = [(frame["event"], frame["node"]) for frame in frames if "event" in frame]
            assert told == [
                ("on_chain_start", "wait"),
                ("on_chain_end", "wait"),
                ("on_chain_start", "reply"),
                ("on_chain_end", "reply"),
            ]
            assert frames[-1]["content"] == "first"


async def test_deleting_ends_what_runs(open_gated: Any, gated_rest: Any, session: str, gate: Gate) -> None:
    async with open_gated(session) as client:
        await client.send(gate.message("first"))
        await until_waiting(client)
        assert (await gated_rest.delete(f"/api/sessions/{session}")).status_code == 200
        assert "삭제" in (await client.until("final", "error"))[-1]["error"]
        gate.open()
        assert (await client.say(f"{gate.path} second"))["content"] == "second"


async def test_a_failing_run_is_told_and_the_session_goes_on(
    open_gated: Any, gated_rest: Any, session: str, gate: Gate
) -> None:
    gate.open()
    body = gate.message("fail") | {"thread_id": session}
    answer = await gated_rest.post("/chat", json=body)
    assert (answer.status_code, answer.json()) == (
        500,
        {"detail": "Error processing chat: as it was told to"},
    )
    async with open_gated(session) as client:
        failed = (await client.turn(gate.message("fail")))[-1]
        assert failed == {"type": "error", "error": "처리 중 에러가 발생했습니다: as it was told to"}
        assert (await client.turn(gate.message("on")))[-1]["type"] == "final"
