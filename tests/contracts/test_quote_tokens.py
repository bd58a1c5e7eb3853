"""Joined tokens are the reply, whatever it holds."""

from hypothesis import given
from hypothesis import strategies as st

from protocols.quote.wire import tokens


def test_the_first_token_is_a_word() -> None:
    assert tokens("안녕하세요! 힘들어요에 대해")[0] == "안녕하세요!"


@given(st.text())
def test_nothing_is_lost(text: str) -> None:
    assert "".join(tokens(text)) == text
    assert all(tokens(text))
