"""What of a run's tokens is spoken, when runs begin again and models call tools."""

from typing import Any

from voice_bridge.domain.numerals import with_years
from voice_bridge.domain.telling import STREAMED, Telling


def token(call: str, text: Any) -> dict[str, Any]:
    return {"run_id": call, "data": {"chunk": {"content": text}}}


def test_tokens_are_told_once_and_the_rest_at_the_end() -> None:
    telling = Telling()
    assert telling.feed(1, STREAMED, token("a", "Hello ")) == "Hello "
    assert telling.feed(1, "on_chain_start", {}) == ""
    assert telling.feed(1, STREAMED, token("a", [{"type": "text", "text": "there"}])) == "there"
    assert telling.finish("Hello there, Emma.") == ", Emma."


def test_a_run_that_begins_again_is_not_told_again() -> None:
    telling = Telling()
    assert telling.feed(1, STREAMED, token("a", "Hello there")) == "Hello there"
    assert telling.feed(2, STREAMED, token("b", "Hello ")) == ""
    assert telling.feed(1, STREAMED, token("a", " late")) == ""
    assert telling.feed(2, STREAMED, token("b", "there, Emma")) == ", Emma"
    assert telling.finish("Hello there, Emma") == ""


def test_what_a_model_says_before_a_tool_call_is_no_part_of_the_reply() -> None:
    telling = Telling()
    assert telling.feed(1, STREAMED, token("a", "Let me see.")) == "Let me see."
    assert telling.feed(1, STREAMED, token("b", "Here")) == "\nHere"
    assert telling.finish("Here it is") == " it is"


def test_years_are_written_in_digits() -> None:
    for spoken, written in (
        ("analyze sales of twenty twenty three", "analyze sales of 2023"),
        ("nineteen oh five", "1905"),
        ("twenty nineteen", "2019"),
        ("twenty twenty", "2020"),
        ("twenty contacts", "twenty contacts"),
        ("twenty", "twenty"),
    ):
        assert with_years(spoken.split()) == written.split()
