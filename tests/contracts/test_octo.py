"""The octo protocol's models against the words of the protocol page."""

from typing import Any

import pytest
from pydantic import BaseModel

from protocols.octo import bodies
from protocols.octo import wire as octo


@pytest.mark.parametrize(
    ("model", "frame"),
    [
        (
            octo.Connected,
            {"type": "connection", "session_id": "thread_1", "message": "WebSocket 연결됨"},
        ),
        (
            octo.ChainStart,
            {
                "event": "on_chain_start",
                "node": "intent_understanding",
                "data": "Intent Understanding 시작...",
            },
        ),
        (octo.ChainEnd, {"event": "on_chain_end", "node": "planning", "data": {"plan": {}}}),
        (
            octo.HitlRequest,
            {"type": "hitl_request", "message": "계약서 작성을 진행하시겠습니까?", "context": {}},
        ),
        (octo.Finished, {"type": "final", "output_format": "graph", "content": {"nodes": []}}),
        (octo.Failed, {"type": "error", "error": "처리 중 에러가 발생했습니다: x"}),
        (bodies.ChatResponse, {"response": "[최종 응답] x"}),
        (bodies.Done, {"message": "Session x deleted successfully"}),
        (
            bodies.SessionState,
            {
                "thread_id": "t",
                "status": "completed",
                "state": {
                    "messages": [],
                    "user_intent": {},
                    "plan": {},
                    "current_step": 3,
                    "is_planning": False,
                    "is_executing": False,
                    "final_result": "x",
                },
                "checkpoint_id": "c",
            },
        ),
        (bodies.CheckpointItem, {"checkpoint_id": "c", "thread_id": "t", "checkpoint_ns": "", "step": 0}),
        (
            bodies.SessionHistory,
            {
                "thread_id": "t",
                "total_messages": 1,
                "returned_messages": 1,
                "messages": [{"type": "HumanMessage", "content": "x"}],
            },
        ),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_what_is_sent_looks_like_the_page(model: type[BaseModel], frame: dict[str, Any]) -> None:
    assert model.model_validate(frame).model_dump() == frame


def test_the_exact_texts() -> None:
    assert octo.Connected(session_id="x").message == "WebSocket 연결됨"
    assert octo.NODE_STARTS.format("Planning") == "Planning 시작..."
    assert octo.FAILED.format("x") == "처리 중 에러가 발생했습니다: x"
    assert octo.FINAL_ANSWER.format("x") == "[최종 응답] x"


def test_a_state_keeps_what_a_graph_adds() -> None:
    state = bodies.GraphState.model_validate({"messages": ["x"], "own": 1, "plan": ["a list"]})
    assert state.model_dump()["own"] == 1
