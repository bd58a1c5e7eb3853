"""What was heard of spoken replies, in the messages of a graph; and that what can be said is understood."""

from datetime import UTC, datetime

import pytest
from langchain_core.messages import AIMessage, HumanMessage

from agent_runner.agents.models.phrases import kind_of
from agent_runner.agents.models.spoken import PHRASES
from agent_runner.engine.spoken import corrections
from contracts.envelope import Recorded
from contracts.events import Event, ReplySpoken, UserSpoke


def fact(event: Event) -> Recorded:
    return Recorded(
        id="fact",
        conversation="c",
        event=event,
        occurred_at=datetime(2025, 1, 1, tzinfo=UTC),
        source="test",
        sequence=9,
        previous=8,
    )


def spoken(run_id: str | None, heard: str, *, cut: bool) -> Recorded:
    return fact(
        ReplySpoken(
            reply_id="r", run_id=run_id, generated="All of it.", heard=heard, cut=cut, audio_ms=9, heard_ms=3
        )
    )


MESSAGES = [HumanMessage("hello", id="run"), AIMessage("All of it.", id="reply")]


def test_a_reply_that_was_cut_counts_as_far_as_it_was_heard() -> None:
    (message,) = corrections(MESSAGES, [spoken("run", "All", cut=True)])
    assert (message.id, message.text) == ("reply", "All [interrupted]")


def test_a_reply_that_never_came_to_its_end_is_added_as_heard() -> None:
    (message,) = corrections([HumanMessage("hello", id="run")], [spoken("run", "", cut=True)])
    assert (message.id, message.text) == ("fact", "[interrupted]")


def test_what_was_heard_whole_stays() -> None:
    assert corrections(MESSAGES, [spoken("run", "All of it.", cut=False)]) == []


def test_what_a_speech_engine_heard_and_said_is_told_to_the_graph() -> None:
    heard = fact(UserSpoke(item_id="i", transcript="hi", speech_ms=5, answered_by="engine"))
    said = spoken(None, "All of it.", cut=False)
    assert [each.text for each in corrections([], [heard, said])] == ["hi", "All of it."]


@pytest.mark.parametrize("phrase", PHRASES)
def test_the_rules_understand_what_can_be_said(phrase: str) -> None:
    assert kind_of(phrase.replace("{name}", "Emma Carter").replace("{year}", "2023")) != "beyond"
