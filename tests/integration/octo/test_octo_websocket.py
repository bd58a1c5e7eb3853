"""The WebSocket of the octo protocol, line by line of the protocol page."""

import asyncio
import json
import re
from typing import Any

import pytest
from websockets.asyncio.client import connect

ERROR = "처리 중 에러가 발생했습니다: "


def nodes(frames: list[dict[str, Any]], event: str) -> list[str]:
    return [frame["node"] for frame in frames if frame.get("event") == event]


@pytest.mark.parametrize("path", ["ws", "ws/chat"])
@pytest.mark.parametrize("shape", ["message", "content"])
async def test_a_greeting(open_socket: Any, session: str, path: str, shape: str) -> None:
    hello = {"message": "안녕하세요"} if shape == "message" else {"type": "message", "content": "안녕하세요"}
    async with open_socket(session, path=path) as client:
        *frames, final = await client.turn(hello)
    assert frames[0] == {
        "event": "on_chain_start",
        "node": "intent_understanding",
        "data": "Intent Understanding 시작...",
    }
    assert nodes(frames, "on_chain_start") == nodes(frames, "on_chain_end")
    assert [frame["event"] for frame in frames] == ["on_chain_start", "on_chain_end"] * (len(frames) // 2)
    assert "plan" in next(
        f["data"] for f in frames if f["node"] == "planning" and f["event"] == "on_chain_end"
    )
    assert final.keys() == {"type", "output_format", "content"}
    assert final["output_format"] == "chat"
    assert "안녕하세요" in final["content"]


async def test_the_chat_summary(open_socket: Any, session: str) -> None:
    async with open_socket(session) as client:
        frames = await client.turn({"message": "2023년 매출 데이터를 분석해주세요"})
    assert "execution" in nodes(frames, "on_chain_end")
    summary = r"📊 실행 요약\n- 총 3개 단계 실행\n- 완료: 3개\n\n💡 주요 인사이트\n📈 .*\d.*"
    assert re.match(summary, frames[-1]["content"])


async def test_the_graph(open_socket: Any, session: str) -> None:
    async with open_socket(session) as client:
        final = await client.say("프로젝트 진행 상황을 그래프로 보여줘", output_format="graph")
    assert final["output_format"] == "graph"
    graph = final["content"]
    assert graph.keys() == {"nodes", "edges", "metadata"}
    assert all(node.keys() == {"id", "label", "type", "status", "color"} for node in graph["nodes"])
    assert all(edge.keys() == {"id", "source", "target"} for edge in graph["edges"])
    known = {node["id"] for node in graph["nodes"]}
    assert {end for edge in graph["edges"] for end in (edge["source"], edge["target"])} == known
    steps = [node for node in graph["nodes"] if node["id"] != "start"]
    assert graph["metadata"] == {"total_steps": len(steps), "completed": len(steps)}
    assert {node["color"] for node in steps} == {"#4CAF50"}


async def test_the_report(open_socket: Any, session: str) -> None:
    async with open_socket(session) as client:
        final = await client.say("월간 분석 보고서를 작성해줘", output_format="report")
    assert re.match(r"# 분석 보고서\n\n\*\*생성 일시\*\*: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\n", final["content"])
    for line in ("## 📋 요약", "## 📊 실행 통계", "| 항목 | 수치 |", "| 총 실행 단계 | 3개 |"):
        assert line in final["content"].splitlines()


async def test_english_is_answered_in_english(open_socket: Any, session: str) -> None:
    async with open_socket(session) as client:
        final = await client.say("analyze the sales data of 2023")
        asked = await client.say("please draft a contract")
    assert final["content"].startswith("📊 Execution summary\n")
    assert asked["message"] == "Shall I go ahead and draft the contract?"


async def test_a_person_decides(open_socket: Any, session: str) -> None:
    async with open_socket(session) as client:
        asked = await client.say("계약서를 작성해주세요", output_format="report")
        assert asked.keys() == {"type", "message", "context"}
        assert asked["message"] == "계약서 작성을 진행하시겠습니까?"
        assert asked["context"].keys() >= {"plan", "step", "effect"}
        words = "계약 금액을 1000만원으로 수정해주세요"
        final = (await client.turn({"type": "human_response", "response": words}))[-1]
        assert final["output_format"] == "report"
        assert "10,000,000원" in final["content"]
        late = (await client.turn({"type": "human_response", "approve": True}))[-1]
        assert late["error"].startswith(ERROR)

        await client.say("계약서를 작성해주세요")
        refused = (await client.turn({"type": "human_response", "approve": False}))[-1]
        assert refused["type"] == "final"
        assert "실행하지 않았습니다" in refused["content"]


async def test_another_connection_is_asked_and_answers(open_socket: Any, rest: Any, session: str) -> None:
    async with open_socket(session) as first:
        asked = await first.say("계약서를 작성해주세요")
        async with open_socket(session) as second:
            assert await second.receive() == asked
            answered = (await second.turn({"type": "human_response", "approve": True}))[-1]
        assert (await first.until("final"))[-1] == answered
    async with open_socket(session) as third:
        assert (await third.say("안녕하세요"))["type"] == "final"


async def test_a_late_answer_does_not_answer_a_later_question(
    open_socket: Any, rest: Any, session: str
) -> None:
    async with open_socket(session) as client:
        first = await client.say("계약서를 작성해주세요")
        await client.turn({"type": "human_response", "approve": True})
        second = await client.say("계약서를 작성해주세요")
        names = [asked["context"]["interrupt_id"] for asked in (first, second)]
        assert names[0] != names[1]
        late = {"type": "human_response", "approve": False, "interrupt_id": names[0]}
        assert (await client.turn(late))[-1]["error"].startswith(ERROR)
        body = {"approve": False, "interrupt_id": names[0]}
        refused = await rest.post(f"/api/sessions/{session}/resume", json=body)
        assert refused.status_code == 400
        done = (await client.turn({"type": "human_response", "approve": True, "interrupt_id": names[1]}))[-1]
        assert "계약서" in done["content"]


async def test_the_same_answer_twice_is_taken_once(open_socket: Any, rest: Any, session: str) -> None:
    async with open_socket(session) as client:
        await client.say("계약서를 작성해주세요")
        answer = {"type": "human_response", "response": "네"}
        await client.send(answer)
        final = (await client.turn(answer))[-1]
        assert final["type"] in ("final", "error")
    history = (await rest.get(f"/api/sessions/{session}/history")).json()
    assert [message["content"] for message in history["messages"]].count("네") == 1


async def test_what_is_said_next_answers_the_question(open_socket: Any, session: str) -> None:
    async with open_socket(session) as client:
        await client.say("계약서를 작성해주세요")
        final = await client.say("계약 금액을 1000만원으로 수정해주세요")
    assert "10,000,000원" in final["content"]


async def test_ten_sessions_do_not_mix_a_word(open_socket: Any, rest: Any, session: str) -> None:
    async def talk(number: int) -> None:
        own = f"{session} {number}"
        async with open_socket(own, user_id=f"user {number}") as client:
            await client.say("계약서를 작성해주세요")
            words = f"계약 금액을 {number + 1}000만원으로 수정해주세요"
            final = (await client.turn({"type": "human_response", "response": words}))[-1]
            assert f"{number + 1}0,000,000원" in final["content"]
            assert (await client.say("안녕하세요"))["type"] == "final"
        history = (await rest.get(f"/api/sessions/{own}/history?limit=100")).json()["messages"]
        said = [message["content"] for message in history if message["type"] == "HumanMessage"]
        assert said == ["계약서를 작성해주세요", words, "안녕하세요"]
        others = [f"{other + 1}0,000,000원" for other in range(10) if other != number]
        told = " ".join(message["content"] for message in history)
        assert not any(re.search(rf"(?<!\d){other}", told) for other in others)

    await asyncio.gather(*(talk(number) for number in range(10)))


@pytest.mark.parametrize(
    ("frame", "names"),
    [
        ("no json", "JSON"),
        ("[]", "object"),
        ("{}", "message"),
        ('{"message":7}', "message"),
        ('{"message":""}', "message"),
        ('{"message":"x","output_format":"pdf"}', "output_format"),
        ('{"type":"message","content":{}}', "content"),
        ('{"type":"unknown"}', "type"),
        ('{"type":"human_response"}', "approve"),
        ('{"type":"human_response","approve":true}', "human_response"),
        ('{"type":"cancel"}', "cancel"),
        (json.dumps({"message": "x" * 100_001}), "message"),
        (json.dumps({"message": "x" * (2 << 20)}), "bytes"),
        (b"\x00\x01", "text"),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_bad_frames_get_an_error_and_the_connection_goes_on(
    open_socket: Any, session: str, frame: str | bytes, names: str
) -> None:
    async with open_socket(session) as client:
        error = (await client.turn(frame))[-1]
        assert error.keys() == {"type", "error"}
        assert error["error"].startswith(ERROR)
        assert names in error["error"]
        assert (await client.say("안녕하세요"))["type"] == "final"


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("x" * 129, "session_id"),
        ("a%00b", "session_id"),
        ("x?on_busy=never", "on_busy"),
        ("x?user_id=", "user_id"),
    ],
    ids=["long", "unprintable", "on_busy", "user_id"],
)
async def test_a_refused_connection_is_told_why(stack: Any, path: str, names: str) -> None:
    async with connect(f"{stack.url(scheme='ws')}/ws/{path}") as socket:
        error = json.loads(await socket.recv())
        assert error["type"] == "error"
        assert names in error["error"]
        await socket.wait_closed()
        assert socket.close_code == 1008
        assert names in str(socket.close_reason)
