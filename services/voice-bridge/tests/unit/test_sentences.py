"""Splitting replies into sentences, as a table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_bridge.domain.sentences import LONGEST, SentenceSplitter


@pytest.mark.parametrize(
    ("pieces", "sentences"),
    [
        (["Hello there. How are you?"], ["Hello there. ", "How are you?"]),
        (["Hel", "lo there", ". ", "How"], ["Hello there. ", "How"]),
        (
            ["안녕하세요! 무엇을 ", "도와드릴까요? 말씀해 주세요."],
            ["안녕하세요! ", "무엇을 도와드릴까요? ", "말씀해 주세요."],
        ),
        (["첫 문장。둘째 문장。"], ["첫 문장。", "둘째 문장。"]),
        (["It is 3.5 percent. Fine"], ["It is 3.5 percent. ", "Fine"]),
        (["Dr. Smith and Mr. Kim, e.g. today. Yes"], ["Dr. Smith and Mr. Kim, e.g. today. ", "Yes"]),
        (["J. Doe is here. OK"], ["J. Doe is here. ", "OK"]),
        (['He said "go!" Then he left.'], ['He said "go!" ', "Then he left."]),
        (["1. First item\n2. Second item\n"], ["1. First item\n", "2. Second item\n"]),
        (["Really?! Yes... maybe."], ["Really?! ", "Yes... ", "maybe."]),
        (["contact a@b.com now"], ["contact a@b.com now"]),
        (["  "], ["  "]),
        ([""], []),
    ],
)
def test_sentences_are_given_when_they_end(pieces: list[str], sentences: list[str]) -> None:
    splitter = SentenceSplitter()
    found = [sentence for piece in pieces for sentence in splitter.feed(piece)] + splitter.finish()
    assert found == sentences


def test_a_sentence_is_given_before_the_reply_ends() -> None:
    splitter = SentenceSplitter()
    assert splitter.feed("One is done. The next") == ["One is done. "]


def test_speech_does_not_wait_for_a_text_without_ends() -> None:
    found = SentenceSplitter().feed("word, " * 100)
    assert found
    assert all(len(sentence) <= LONGEST for sentence in found)


@given(st.lists(st.text(alphabet="ab .!?,\n다요。1\"'", max_size=40), max_size=20))
def test_nothing_is_lost_or_added(pieces: list[str]) -> None:
    splitter = SentenceSplitter()
    found = [sentence for piece in pieces for sentence in splitter.feed(piece)] + splitter.finish()
    assert "".join(found) == "".join(pieces)
