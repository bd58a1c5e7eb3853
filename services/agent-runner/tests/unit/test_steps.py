"""Node updates as people read them."""

from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from agent_runner.agents.graphs.presentation import planner_reply
from agent_runner.agents.graphs.presentation import steps_of as planner_steps
from agent_runner.engine.steps import reply_of, steps_of
from contracts.events.run import Step

STEP: dict[str, Any] = {"id": "step_1", "tool": "find", "description": "Look", "arguments": {"name": "김"}}
CALL: Any = {"name": "find", "args": {"name": "김"}, "id": "1"}


@pytest.mark.parametrize(
    ("node", "update", "expected"),
    [
        ("intent_understanding", {"user_intent": {}}, ()),
        (
            "planning",
            {"plan": {"goal": "Find", "steps": [STEP]}},
            (Step(kind="planning", text="Find\n1. [find] Look"),),
        ),
        (
            "execution",
            {"plan": {"steps": [{**STEP, "status": "completed", "result": [{"a": 1}]}]}, "current_step": 1},
            (
                Step(
                    kind="action",
                    text="Execution logs:\nstep_1: find(name='김') → 1 rows\nLast output: [{'a': 1}]",
                ),
            ),
        ),
        (
            "execution",
            {"plan": {"steps": [{**STEP, "status": "failed", "error": "no"}]}, "current_step": 1},
            (
                Step(
                    kind="action",
                    text="Execution logs:\nstep_1: find(name='김') failed\nLast output: Error: no",
                ),
            ),
        ),
        ("human_approval", {"plan": {"steps": [STEP]}}, ()),
        ("human_approval", None, ()),
        ("response", {"final_result": "done"}, (Step(kind="final_answer", text="done"),)),
    ],
)
def test_planner(node: str, update: Any, expected: tuple[Step, ...]) -> None:
    assert planner_steps(node, update) == expected


@pytest.mark.parametrize(
    ("update", "expected"),
    [
        ({"messages": [AIMessage("", tool_calls=[CALL])]}, (Step(kind="planning", text="find(name='김')"),)),
        (
            {"messages": [ToolMessage("20", tool_call_id="1", name="find")]},
            (Step(kind="action", text="Execution logs:\nfind\nLast output: 20"),),
        ),
        (
            {"messages": [ToolMessage("no", tool_call_id="1", name="find", status="error")]},
            (Step(kind="action", text="Execution logs:\nfind failed\nLast output: no"),),
        ),
        ({"messages": AIMessage("hi")}, (Step(kind="final_answer", text="hi"),)),
        ({"words": 3}, (Step(kind="action", text='Execution logs:\nnode\nLast output: {"words": 3}'),)),
        ({"messages": [HumanMessage("x")]}, ()),
        (None, ()),
    ],
)
def test_any_graph(update: Any, expected: tuple[Step, ...]) -> None:
    assert steps_of("node", update) == expected


@pytest.mark.parametrize(
    ("state", "reply"),
    [
        ({"messages": [AIMessage("m"), AIMessage("", tool_calls=[CALL])]}, "m"),
        ({"count": 3}, '{"count": 3}'),
        ("text", "text"),
    ],
)
def test_reply_of(state: Any, reply: str) -> None:
    assert reply_of(state) == planner_reply(state) == reply


def test_the_planners_reply_is_its_final_result() -> None:
    assert planner_reply({"final_result": "r", "messages": [AIMessage("m")]}) == "r"
