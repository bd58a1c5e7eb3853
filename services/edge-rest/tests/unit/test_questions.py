"""What the edge does while a service that it asks is away."""

from typing import Any

import pytest

from contracts.queries import GRAPHS, Graphs, GraphsQuery
from edge_rest import questions
from edge_rest.questions import Questions
from eventlog.query import Nobody

SERVED = Graphs(names=("planner",), default="planner", langgraph="1")


def answering(monkeypatch: pytest.MonkeyPatch, away: int) -> list[str]:
    """A service that nobody finds for some tries; what it was asked."""
    asked: list[str] = []

    async def ask(broker: Any, name: str, question: Any, answer: Any, *, timeout_seconds: float) -> Any:
        asked.append(name)
        if len(asked) <= away:
            raise Nobody(f"nobody answers {name}")
        return SERVED

    monkeypatch.setattr(questions, "ask", ask)
    return asked


async def test_a_service_that_is_being_started_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answering(monkeypatch, away=2)
    edge = Questions(None, timeout_seconds=5)  # type: ignore[arg-type]  # it is not reached
    assert await edge.ask(GRAPHS, GraphsQuery(), Graphs) == SERVED
    assert asked == [GRAPHS] * 3


async def test_one_that_stays_away_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, away=100)
    edge = Questions(None, timeout_seconds=0.1)  # type: ignore[arg-type]  # it is not reached
    with pytest.raises(Nobody):
        await edge.ask(GRAPHS, GraphsQuery(), Graphs)
