"""The REST side of the octo protocol, line by line of the protocol page."""

import asyncio
import re
from typing import Any
from urllib.parse import quote, unquote

import pytest

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
CHANGE = "계약 금액을 1000만원으로 수정해주세요"
STATE_FIELDS = {
    "messages",
    "user_intent",
    "plan",
    "current_step",
    "is_planning",
    "is_executing",
    "final_result",
}


async def chat(rest: Any, message: str, **more: Any) -> tuple[str, str]:
    """The response and the thread's id."""
    answer = await rest.post("/chat", json={"message": message, **more})
    assert answer.status_code == 200, answer.text
    assert answer.json().keys() == {"response"}
    return answer.json()["response"], unquote(answer.headers["X-Thread-Id"])


def at(session: str, path: str = "") -> str:
    return f"/api/sessions/{quote(session, safe='')}{path}"


async def test_who_is_there(rest: Any) -> None:
    assert (await rest.get("/")).json() == {
        "message": "LangGraph Chatbot API",
        "version": "0.4.0",
        "status": "running",
    }
    assert (await rest.get("/health")).json() == {"status": "healthy"}


async def test_chat_carries_no_context_without_an_id(rest: Any) -> None:
    response, first = await chat(rest, "안녕하세요")
    assert response.startswith("[최종 응답] ")
    assert re.fullmatch(r"thread_[A-Za-z0-9]{16}", first)
    _, second = await chat(rest, "안녕하세요")
    assert first != second
    history = (await rest.get(at(first, "/history"))).json()
    assert history["total_messages"] == 2


async def test_chat_goes_on_with_an_id_of_any_alphabet(rest: Any, session: str) -> None:
    for _ in range(2):
        assert (await chat(rest, "안녕하세요", thread_id=session, user_id="u"))[1] == session
    history = (await rest.get(at(session, "/history?limit=3"))).json()
    assert history["thread_id"] == session
    assert (history["total_messages"], history["returned_messages"]) == (4, 3)
    types = [message["type"] for message in history["messages"]]
    assert types == ["AIMessage", "HumanMessage", "AIMessage"]
    assert history["messages"][1]["content"] == "안녕하세요"


async def test_sessions_are_listed_at_once_and_by_both_filters(rest: Any, session: str) -> None:
    user = f"user of {session}"
    for number in range(3):
        await chat(rest, "안녕하세요", thread_id=f"{session} {number}", user_id=user)
    await chat(rest, "계약서를 작성해주세요", thread_id=f"{session} 3", user_id=user)

    everything = (await rest.get("/api/sessions", params={"user_id": user})).json()
    assert everything["total"] == 4 == len(everything["sessions"])
    for item in everything["sessions"]:
        assert item.keys() == {"thread_id", "user_id", "status", "created_at", "updated_at"}
        assert TIME.fullmatch(item["created_at"])
        assert TIME.fullmatch(item["updated_at"])
        assert item["user_id"] == user
    waiting = (await rest.get("/api/sessions", params={"user_id": user, "status": "waiting_human"})).json()
    assert waiting["total"] == 1
    assert waiting["sessions"][0]["thread_id"] == f"{session} 3"
    done = (await rest.get("/api/sessions", params={"user_id": user, "status": "completed"})).json()
    assert done["total"] == 3
    page = (await rest.get("/api/sessions", params={"user_id": user, "limit": 2, "offset": 3})).json()
    assert (page["total"], len(page["sessions"])) == (4, 1)
    nobody = (await rest.get("/api/sessions", params={"user_id": f"{user}!"})).json()
    assert nobody == {"sessions": [], "total": 0}


async def test_state_is_the_graphs_own(rest: Any, session: str) -> None:
    response, _ = await chat(rest, "2023년 매출 데이터를 분석해주세요", thread_id=session)
    answer = (await rest.get(at(session))).json()
    assert answer.keys() == {"thread_id", "status", "state", "checkpoint_id"}
    assert (answer["thread_id"], answer["status"]) == (session, "completed")
    state = answer["state"]
    assert state.keys() >= STATE_FIELDS
    assert [message["type"] for message in state["messages"]] == ["HumanMessage", "AIMessage"]
    assert len(state["plan"]["steps"]) == state["current_step"] == 3
    assert (state["is_planning"], state["is_executing"]) == (False, False)
    assert response == f"[최종 응답] {state['final_result']}"

    listed = (await rest.get(at(session, "/checkpoints"))).json()
    assert listed["total"] == len(listed["checkpoints"])
    assert listed["checkpoints"][-1] == {
        "checkpoint_id": answer["checkpoint_id"],
        "thread_id": session,
        "checkpoint_ns": "",
        "step": listed["total"] - 1,
    }
    assert [item["step"] for item in listed["checkpoints"]] == list(range(listed["total"]))
    await chat(rest, "안녕하세요", thread_id=session)
    assert (await rest.get(at(session, "/checkpoints"))).json()["total"] > listed["total"]


async def test_the_state_at_a_checkpoint_and_a_fork_from_it(rest: Any, session: str) -> None:
    await chat(rest, "안녕하세요", thread_id=session, user_id="u")
    early = (await rest.get(at(session))).json()
    await chat(rest, "연락처를 보여주세요", thread_id=session)
    identity = early["checkpoint_id"]
    then = (await rest.get(at(session, f"/checkpoints/{identity}"))).json()
    assert then == {"thread_id": session, "checkpoint_id": identity, "state": early["state"]}
    unknown = await rest.get(at(session, "/checkpoints/unknown"))
    assert (unknown.status_code, unknown.json()) == (404, {"detail": "Checkpoint not found: unknown"})

    target = f"{session} fork"
    body = {"checkpoint_id": identity, "thread_id": target}
    forked = await rest.post(at(session, "/fork"), json=body)
    assert forked.status_code == 201, forked.text
    assert forked.json() == {
        "thread_id": target,
        "checkpoint_id": identity,
        "forked_from": session,
        "state": early["state"],
    }
    assert (await rest.post(at(session, "/fork"), json=body)).status_code == 409
    copied = (await rest.get(at(target))).json()
    assert copied == {**early, "thread_id": target}
    listed = (await rest.get("/api/sessions", params={"status": "active"})).json()["sessions"]
    assert target in [item["thread_id"] for item in listed]

    await chat(rest, "안녕하세요", thread_id=target)
    assert len((await rest.get(at(target))).json()["state"]["messages"]) == 4
    assert len((await rest.get(at(session))).json()["state"]["messages"]) == 4
    made = await rest.post(at(session, "/fork"), json={"checkpoint_id": identity})
    assert re.fullmatch(r"thread_[A-Za-z0-9]{16}", made.json()["thread_id"])
    assert (await rest.post(at(session, "/fork"), json={"checkpoint_id": "x"})).status_code == 404
    assert (await rest.post(at(f"{session}?"), json={})).status_code in (404, 405)


async def test_a_deleted_session_is_gone_at_once(rest: Any, session: str) -> None:
    await chat(rest, "안녕하세요", thread_id=session)
    answer = await rest.delete(at(session))
    assert (answer.status_code, answer.json()) == (
        200,
        {"message": f"Session {session} deleted successfully"},
    )
    missing = {"detail": f"Session not found: {session}"}
    for method, path in (
        ("GET", ""),
        ("DELETE", ""),
        ("GET", "/history"),
        ("GET", "/checkpoints"),
        ("GET", "/checkpoints/x"),
        ("POST", "/cancel"),
    ):
        refused = await rest.request(method, at(session, path))
        assert (refused.status_code, refused.json()) == (404, missing), path
    resumed = await rest.post(at(session, "/resume"), json={"approve": True})
    assert (resumed.status_code, resumed.json()) == (404, missing)
    await chat(rest, "안녕하세요", thread_id=session)
    assert len((await rest.get(at(session))).json()["state"]["messages"]) == 2


@pytest.mark.parametrize(
    ("body", "message", "status"),
    [
        ({"approve": True}, "Session resumed with auto-approval", "completed"),
        ({"approve": False}, "Session resumed with refusal", "pending"),
        ({"response": CHANGE}, "Session resumed with user response", "completed"),
    ],
    ids=["approve", "refuse", "words"],
)
async def test_a_question_is_answered(
    rest: Any, session: str, body: dict[str, Any], message: str, status: str
) -> None:
    response, _ = await chat(rest, "계약서를 작성해주세요", thread_id=session)
    assert response == "계약서 작성을 진행하시겠습니까?"
    waiting = (await rest.get(at(session))).json()
    assert waiting["status"] == "waiting_human"
    assert waiting["state"]["plan"]["steps"][0]["status"] == "waiting"
    neither = await rest.post(at(session, "/resume"), json={})
    assert neither.status_code == 400

    resumed = await rest.post(at(session, "/resume"), json=body)
    assert resumed.status_code == 200, resumed.text
    assert (resumed.json()["success"], resumed.json()["message"]) == (True, message)
    state = resumed.json()["state"]
    assert state["plan"]["steps"][0]["status"] == status
    assert state["final_result"]
    if "response" in body:
        assert "10,000,000원" in state["final_result"]
    assert (await rest.get(at(session))).json()["status"] == "completed"

    again = await rest.post(at(session, "/resume"), json=body)
    assert (again.status_code, again.json()) == (
        400,
        {"detail": "Session is not waiting for human input"},
    )


async def test_the_same_answer_many_times_at_once_is_taken_once(rest: Any, session: str) -> None:
    await chat(rest, "계약서를 작성해주세요", thread_id=session)
    answers = await asyncio.gather(
        *(rest.post(at(session, "/resume"), json={"response": "네, 진행해주세요"}) for _ in range(5))
    )
    assert {answer.status_code for answer in answers} <= {200, 400}
    assert 200 in {answer.status_code for answer in answers}
    history = (await rest.get(at(session, "/history"))).json()
    assert history["total_messages"] == 4


@pytest.mark.parametrize(
    ("method", "path", "content", "status", "names"),
    [
        ("POST", "/chat", "{", 422, "body"),
        ("POST", "/chat", "[]", 422, "body"),
        ("POST", "/chat", "{}", 422, "message"),
        ("POST", "/chat", '{"message":7}', 422, "message"),
        ("POST", "/chat", '{"message":""}', 422, "message"),
        ("POST", "/chat", '{"message":"x","thread_id":7}', 422, "thread_id"),
        ("POST", "/chat", '{"message":"x","thread_id":""}', 422, "thread_id"),
        ("POST", "/chat", '{"message":"x","thread_id":"a\\u0000b"}', 422, "thread_id"),
        ("POST", "/chat", '{"message":"x","user_id":[]}', 422, "user_id"),
        ("POST", "/chat", '{"message":"' + "x" * 100_001 + '"}', 422, "message"),
        ("POST", "/chat", '{"message":"' + "x" * (2 << 20) + '"}', 413, "body"),
        ("GET", "/api/sessions?status=sleeping", "", 422, "status"),
        ("GET", "/api/sessions?limit=0", "", 422, "limit"),
        ("GET", "/api/sessions?offset=x", "", 422, "offset"),
        ("GET", "/api/sessions/x/history?limit=0", "", 422, "limit"),
        ("GET", "/api/sessions/x/history?limit=101", "", 422, "limit"),
        ("GET", "/api/sessions/x/history?limit=ten", "", 422, "limit"),
        ("GET", "/api/sessions/" + "x" * 129, "", 422, "thread_id"),
        ("GET", "/api/sessions/a%00b", "", 422, "thread_id"),
        ("GET", "/api/sessions/없는%20대화", "", 404, "없는 대화"),
        ("GET", "/api/sessions/a%2Fb", "", 404, "a/b"),
        ("POST", "/api/sessions/x/resume", '{"approve":"yes"}', 422, "approve"),
        ("POST", "/api/sessions/x/resume", '{"response":" "}', 422, "response"),
        ("POST", "/api/sessions/x/resume", "no json", 422, "body"),
        ("POST", "/api/sessions/x/fork", "{}", 422, "checkpoint_id"),
        ("POST", "/api/sessions/x/fork", '{"checkpoint_id":"c","thread_id":1}', 422, "thread_id"),
        ("POST", "/api/sessions/x/fork", '{"checkpoint_id":"c"}', 404, "x"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else str(value),
)
async def test_bad_input_is_refused_by_name(
    rest: Any, method: str, path: str, content: str, status: int, names: str
) -> None:
    headers = {"Content-Type": "application/json"} if content else {}
    answer = await rest.request(method, path, content=content, headers=headers)
    assert answer.status_code == status, answer.text
    assert answer.json().keys() == {"detail"}
    assert names in answer.json()["detail"]
