"""What was heard of spoken replies, in the messages of a graph; and that what can be said is understood."""

from datetime import UTC, date, datetime

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import RunnableConfig

from agent_runner.agents.briefing import Briefing
from agent_runner.agents.models.phrases import kind_of
from agent_runner.agents.models.spoken import MOST_NAMES, PHRASES, spoken_commands
from agent_runner.agents.tools.datasets import Datasets
from agent_runner.agents.tools.folder import DataFolder
from agent_runner.engine.options import with_options
from agent_runner.engine.spoken import corrections
from contracts.envelope import Recorded
from contracts.events import Event, ReplySpoken, RunRequested, UserSpoke


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


async def test_a_model_that_is_heard_is_told_to_be_short() -> None:
    folder = DataFolder()
    briefing = Briefing(folder, Datasets(folder), "Be kind.", lambda: date(2026, 1, 2))
    heard = await briefing.message("chat", "en", spoken=True)
    read = await briefing.message("chat", "en")
    assert heard.text.startswith(read.text)
    assert "spoken aloud" in heard.text
    assert "spoken aloud" not in read.text


@pytest.mark.parametrize(("protocol", "expected"), [("voice", True), ("room", None)])
def test_a_run_of_a_talk_says_that_it_is_heard(protocol: str, expected: bool | None) -> None:
    config: RunnableConfig = {"configurable": {"thread_id": "t"}, "metadata": {"run_id": "r"}}
    request = RunRequested(addressee="", protocol=protocol, stream_modes=())
    assert with_options(config, request, "chat", 1)["configurable"].get("spoken") is expected


def test_only_names_that_can_be_said_and_no_more_than_a_grammar_holds_are_offered() -> None:
    odd = ["", "---", "12345", "김민지", "José", "x" * 300, "Mia Tanaka", "Mia Tanaka", "J. R. O'Brien 3rd"]
    many = [f"Person {number}" for number in range(1_000)]

    assert spoken_commands(odd).names == ("Mia Tanaka", "J. R. O'Brien 3rd")
    assert spoken_commands(many).names == tuple(many[:MOST_NAMES])
