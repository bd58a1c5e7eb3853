"""Which language a message is in, and the form in which it is read."""

import unicodedata

import pytest

from quote_engine.domain.language import composed, has_words, language_of, normalise, pieces, sentences


@pytest.mark.parametrize(
    ("text", "language"),
    [("힘들어요", "ko"), ("I'm sad", "en"), ("오늘 meeting 힘들어요", "ko"), ("😢", "en"), ("ㅠㅠ", "ko")],
)
def test_language(text: str, language: str) -> None:
    assert language_of(text, "en") == language


def test_text_is_read_in_nfc() -> None:
    decomposed = unicodedata.normalize("NFD", "아니요, é")
    assert decomposed != "아니요, é"
    assert composed(decomposed) == "아니요, é"
    assert normalise(decomposed) == "아니요, é"


def test_a_run_of_combining_marks_is_cut() -> None:
    assert len(composed("a" + "\u0301\u0316" * 50_000)) < 10


def test_normalised_text_has_one_form() -> None:
    assert normalise("SO  SAAAAAD\u200b’s\n") == "so saad's"


def test_marks_are_no_words() -> None:
    assert [has_words(text) for text in ("...", "ㅠㅠ", "😢", "가", "a")] == [False, False, False, True, True]


def test_pieces_cut_no_phrase_in_two() -> None:
    text = "그냥 그래요. " * 60 + "죽고 싶어요. " + "그냥 그래요. " * 60
    assert any("죽고 싶어요" in piece for piece in pieces(text))


def test_sentences() -> None:
    assert list(sentences("a b. c? 3.5 d\n가나")) == ["a b.", "c?", "3.5 d", "가나"]
