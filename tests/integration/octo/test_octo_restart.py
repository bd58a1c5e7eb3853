"""A question outlives everything that was running when it was asked."""

from typing import Any

import httpx


async def test_a_contract_asked_for_before_a_restart_is_changed_and_finished_after_it(
    own_stack: Any, restart: Any, connect_to: Any
) -> None:
    async with httpx.AsyncClient(base_url=own_stack.url(), timeout=20) as rest:
        asked = await rest.post("/chat", json={"message": "계약서를 작성해주세요", "user_id": "u"})
        assert asked.json() == {"response": "계약서 작성을 진행하시겠습니까?"}
        session = asked.headers["X-Thread-Id"]
        before = (await rest.get(f"/api/sessions/{session}")).json()
    await restart(own_stack)
    async with (
        connect_to(own_stack)(session) as client,
        httpx.AsyncClient(base_url=own_stack.url(), timeout=20) as rest,
    ):
        question = await client.receive()
        assert question["type"] == "hitl_request"
        assert question["message"] == "계약서 작성을 진행하시겠습니까?"
        assert (await rest.get(f"/api/sessions/{session}")).json() == before
        words = "계약 금액을 1000만원으로 수정해주세요"
        final = (await client.turn({"type": "human_response", "response": words}))[-1]
        assert "10,000,000원" in final["content"]
        state = (await rest.get(f"/api/sessions/{session}")).json()
        assert state["status"] == "completed"
        document = state["state"]["plan"]["steps"][0]["result"]
        assert document["fields"]["amount"] == "10,000,000원"
        assert "10,000,000원" in document["markdown"]
