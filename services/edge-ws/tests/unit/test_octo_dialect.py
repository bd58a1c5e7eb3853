"""The octo protocol's frames, from the protocol page."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.steps import lines_run

from contracts.envelope import Recorded
from contracts.events import (
    Event,
    NodeCompleted,
    Question,
    RunCancelled,
    RunCompleted,
    RunFailed,
    RunInterrupted,
    RunStarted,
)
from contracts.live import WITHIN, Delta
from protocols.octo.dialect import Narration, NotUnderstood, asked, decode
from protocols.octo.wire import Cancel, HumanResponse, Say


def run(run_id: str = "r", attempt: int = 1) -> dict[str, Any]:
    return {"run_id": run_id, "message_sequence": 2, "attempt": attempt}


def completed(node: str, step: int, update: Any = None, **of: Any) -> NodeCompleted:
    return NodeCompleted(**run(**of), node=node, step=step, update=update)


def started(node: str, step: int, *, run_id: str = "r", attempt: int = 1) -> Delta:
    data = {"node": node, "step": step}
    return Delta(run_id=run_id, attempt=attempt, index=0, kind="node_started", data=data)


def frames(*told: Event | Delta) -> list[dict[str, Any]]:
    narration = Narration()
    out = []
    for item in told:
        if isinstance(item, Delta):
            out += list(narration.delta(item))
            continue
        recorded = Recorded(
            id="e",
            conversation="c",
            event=item,
            occurred_at=datetime(2026, 1, 1, tzinfo=UTC),
            source="test",
            sequence=3,
            previous=2,
        )
        out += list(narration.event(recorded))
    return [frame.model_dump() for frame in out]


def short(*told: Event | Delta) -> list[str]:
    """Starts as ``+node``, ends as ``-node``, everything else by its type."""
    signs = {"on_chain_start": "+", "on_chain_end": "-"}
    return [
        signs[frame["event"]] + frame["node"] if "event" in frame else frame["type"]
        for frame in frames(*told)
    ]


REPORT = Say(message="x", output_format="report")


@pytest.mark.parametrize(
    ("frame", "command"),
    [
        ('{"message":"안녕하세요"}', Say(message="안녕하세요")),
        ('{"message":"x","output_format":"graph"}', Say(message="x", output_format="graph")),
        ('{"type":"message","content":"x"}', Say(message="x")),
        ('{"type":"message","content":"x","output_format":"report"}', REPORT),
        ('{"type":"human_response","approve":true}', HumanResponse(type="human_response", approve=True)),
        ('{"type":"human_response","approve":false}', HumanResponse(type="human_response", approve=False)),
        ('{"type":"human_response","response":"x"}', HumanResponse(type="human_response", response="x")),
        ('{"type":"cancel"}', Cancel(type="cancel")),
    ],
)
def test_what_a_client_says(frame: str, command: object) -> None:
    assert decode(frame) == command


@pytest.mark.parametrize(
    ("frame", "names"),
    [
        ("no json", "JSON"),
        ("[1]", "object"),
        ("null", "object"),
        ("{}", "message"),
        ('{"message":7}', "message"),
        ('{"message":null}', "message"),
        ('{"message":""}', "message"),
        ('{"message":" \\n"}', "message"),
        ('{"message":"x","output_format":"pdf"}', "output_format"),
        ('{"message":"x","output_format":1}', "output_format"),
        ('{"type":"message"}', "content"),
        ('{"type":"message","content":["x"]}', "content"),
        ('{"type":"unknown","message":"x"}', "type"),
        ('{"type":["message"],"content":"x"}', "type"),
        ('{"type":"human_response"}', "approve"),
        ('{"type":"human_response","approve":"yes"}', "approve"),
        ('{"type":"human_response","response":""}', "response"),
        (json.dumps({"message": "x" * 100_001}), "message"),
    ],
)
def test_what_is_not_understood_names_the_field(frame: str, names: str) -> None:
    with pytest.raises(NotUnderstood, match=names):
        decode(frame)


def test_a_node_starts_and_ends() -> None:
    assert frames(
        RunStarted(**run()),
        started("intent_understanding", 1),
        completed("intent_understanding", 1),
        started("planning", 2),
        completed("planning", 2, {"plan": {"steps": []}}),
    ) == [
        {
            "event": "on_chain_start",
            "node": "intent_understanding",
            "data": "Intent Understanding 시작...",
        },
        {"event": "on_chain_end", "node": "intent_understanding", "data": {}},
        {"event": "on_chain_start", "node": "planning", "data": "Planning 시작..."},
        {"event": "on_chain_end", "node": "planning", "data": {"plan": {"steps": []}}},
    ]


BEGUN = RunStarted(**run())
AGAIN = RunStarted(**run(attempt=2))
A1, A2, B1, B2 = started("a", 1), started("a", 2), started("b", 1), started("b", 2)
A1_ENDED, B1_ENDED, B2_ENDED = completed("a", 1), completed("b", 1), completed("b", 2)
A1_AGAIN, NEXT_RUN = started("a", 1, attempt=2), started("c", 9, run_id="s")
DONE, NEXT_BEGUN = RunCompleted(**run(), text=""), RunStarted(**run("s"))


@pytest.mark.parametrize(
    ("case", "told", "shown"),
    [
        ("a start that came early waits", [BEGUN, A1, B2, A1_ENDED], "+a -a +b"),
        ("a start before its run", [A1, BEGUN], "+a"),
        ("a start that is lost", [BEGUN, A1_ENDED], "+a -a"),
        ("a start that is late", [BEGUN, A1_ENDED, A1], "+a -a"),
        ("a start that waits when its end comes", [BEGUN, A1, B2, B2_ENDED], "+a +b -b"),
        ("a start that was before this connection", [B2, A1_ENDED], "+a -a +b"),
        ("side by side", [BEGUN, A1, B1, B1_ENDED, A1_ENDED], "+a +b -b -a"),
        ("the same node twice in a step", [BEGUN, A1, A1, A1_ENDED], "+a +a -a"),
        ("the same node again", [BEGUN, A1, A1_ENDED, A2], "+a -a +a"),
        ("a newer attempt", [BEGUN, A1, AGAIN, A1_AGAIN], "+a -a +a"),
        ("an older attempt", [AGAIN, A1, A1_ENDED], ""),
        ("behind the end", [DONE, A1], "final"),
        (
            "the next run waits for this one",
            [BEGUN, NEXT_RUN, A1, DONE, NEXT_BEGUN],
            "+a -a final +c",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_order(case: str, told: list[Event | Delta], shown: str) -> None:
    assert short(*told) == shown.split()


def test_a_question() -> None:
    question = RunInterrupted(
        **run(),
        questions=(
            Question(
                interrupt_id="i",
                question="계약서 작성을 진행하시겠습니까?",
                context={"step": {"id": "step_1"}},
            ),
        ),
    )
    frame = {
        "type": "hitl_request",
        "message": "계약서 작성을 진행하시겠습니까?",
        "context": {"step": {"id": "step_1"}, "interrupt_id": "i"},
    }
    assert frames(question) == [frame]
    assert asked(question.questions[0]).model_dump() == frame


@pytest.mark.parametrize(
    ("end", "frame"),
    [
        (
            RunCompleted(**run(), text="hello", output_format="chat"),
            {"type": "final", "output_format": "chat", "content": "hello"},
        ),
        (
            RunCompleted(**run(), text="hello"),
            {"type": "final", "output_format": "chat", "content": "hello"},
        ),
        (
            RunCompleted(**run(), text="hello", output={"nodes": []}, output_format="graph"),
            {"type": "final", "output_format": "graph", "content": {"nodes": []}},
        ),
        (
            RunFailed(**run(), error="no"),
            {"type": "error", "error": "처리 중 에러가 발생했습니다: no"},
        ),
        (
            RunCancelled(**run()),
            {"type": "error", "error": "처리 중 에러가 발생했습니다: 실행이 취소되었습니다"},
        ),
    ],
)
def test_the_end_of_a_run(end: Event, frame: dict[str, Any]) -> None:
    assert frames(RunStarted(**run()), end) == [frame]


def test_what_a_node_says_comes_behind_its_start() -> None:
    data = {"node": "a", "step": 1, "data": {"n": 1}}
    said = Delta(run_id="r", attempt=1, index=1, kind="on_custom_event", data=data)
    assert frames(A1, said) == []
    assert frames(A1, said, BEGUN)[1] == {"event": "on_custom_event", "node": "a", "data": {"n": 1}}


def test_a_node_that_asks_ends_before_its_question() -> None:
    question = RunInterrupted(**run(), questions=(Question(interrupt_id="i", question="?"),))
    shown = frames(BEGUN, A1, question)
    assert [frame.get("event") or frame["type"] for frame in shown] == [
        "on_chain_start",
        "on_chain_end",
        "hitl_request",
    ]


def ended(node: str, step: int, update: Any = None) -> Delta:
    data = {"node": node, "step": step, "update": update}
    return Delta(run_id="r", attempt=1, index=0, kind="node_ended", data=data)


def test_a_subgraphs_nodes_start_and_end_within_its_node() -> None:
    told: list[Event | Delta] = [
        RunStarted(**run(), graph="g"),
        started("team", 1),
        started("team:plan", 1),
        ended("team:plan", 1, {"x": 1}),
        started("team:deep", 1),
        started("team:deep:dig", 1),
        ended("team:deep:dig", 1),
        ended("team:deep", 1),
        completed("team", 1),
        started("last", 2),
        completed("last", 2),
    ]
    whole = ["+team", "+team:plan", "-team:plan", "+team:deep", "+team:deep:dig", "-team:deep:dig"]
    assert short(*told) == [*whole, "-team:deep", "-team", "+last", "-last"]
    assert frames(*told)[2]["data"] == {"x": 1}


def test_what_is_missing_of_a_subgraph_ends_with_its_node() -> None:
    begun: list[Event | Delta] = [
        RunStarted(**run(), graph="g"),
        started("team", 1),
        started("team:a", 1),
        started("team:a:b", 1),
    ]
    late = [ended("team:a", 1), started("team:c", 1)]
    assert short(*begun, completed("team", 1), *late, started("last", 2), completed("last", 2)) == [
        *("+team", "+team:a", "+team:a:b"),
        *("-team:a:b", "-team:a", "-team"),
        *("+last", "-last"),
    ]
    assert short(*begun, RunFailed(**run(), error="x"))[-4:] == ["-team:a:b", "-team:a", "-team", "error"]


def test_one_of_two_same_subgraphs_ends_alone() -> None:
    told: list[Event | Delta] = [
        RunStarted(**run(), graph="g"),
        started("team", 1),
        started("team", 1),
        started("team:a", 1),
        started("team:a", 1),
        ended("team:a", 1),
        completed("team", 1),
        ended("team:a", 1),
        completed("team", 1),
    ]
    assert short(*told) == ["+team", "+team", "+team:a", "+team:a", "-team:a", "-team", "-team:a", "-team"]


def test_a_subgraphs_node_that_nobody_saw_begin_is_not_told_of() -> None:
    assert short(RunStarted(**run(), graph="g"), started("team:a", 1), ended("team:a", 1)) == []


def long(count: int) -> list[Event | Delta]:
    """A run of many steps, each of which has a subgraph."""
    told: list[Event | Delta] = []
    for step in range(count):
        name = f"n{step}"
        told += [started(name, step), started(f"{name}{WITHIN}inner", step), completed(name, step)]
    return told


def wide(count: int) -> list[Event | Delta]:
    """A super-step of many nodes."""
    nodes = [(f"n{number}", 1) for number in range(count)]
    return [*(started(*node) for node in nodes), *(completed(*node) for node in nodes)]


@pytest.mark.parametrize("shape", [long, wide])
def test_a_run_of_any_length_or_width_costs_each_frame_the_same(shape: Callable[[int], list[Any]]) -> None:
    few, many = shape(100), shape(400)
    assert lines_run(lambda: short(*many)) < 5 * lines_run(lambda: short(*few))
