"""What a user's graph raises while somebody asks about it."""

import logging

import pytest

from agent_runner.engine.failures import failure

WORDS = "words of the graph"


def test_a_client_is_told_a_number_under_which_the_log_has_the_rest(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    told = failure(RuntimeError(WORDS), "a view of graph 'own'", shows=False, kind="invalid")
    assert told.failure == "invalid"
    assert WORDS not in told.message
    (record,) = caplog.records
    number = told.message.rpartition("(error ")[2].rstrip(")")
    assert f"a view of graph 'own' failed (error {number}): RuntimeError: {WORDS}" == record.getMessage()
    assert record.exc_info


def test_the_text_is_shown_where_it_may_be_and_in_the_language_of_who_asked() -> None:
    assert failure(RuntimeError(WORDS), "a run", shows=True).message == WORDS
    assert "오류" in failure(RuntimeError(WORDS), "a run", shows=False, said="안녕").message
