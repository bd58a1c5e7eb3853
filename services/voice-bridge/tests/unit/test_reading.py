"""How signs are read, and what of a text is not read at all: tables of both languages."""

import time
from typing import Any

import pytest

from voice_bridge.domain.language import composed, language_of, romanized
from voice_bridge.domain.prose import PAGE_SECONDS, Spoken, pages_of, seconds, speakable
from voice_bridge.domain.reading import as_read, rounded


@pytest.mark.parametrize(
    ("text", "english", "korean"),
    [
        ("a_b@c.com", "a underscore b at c dot com", "a 밑줄 b 골뱅이 c 점 com"),
        ("$5~10", "5 to 10 dollars", "5에서 10달러"),
        ("5 > 3", "5 is greater than 3", "5 크다 3"),
        ("$1", "1 dollar", "1달러"),
        ("₩1,200,000", "1200000 won", "1200000원"),
        ("12.5%", "12.5 percent", "12.5 퍼센트"),
        ("2026-11-28", "November 28, 2026", "2026년 11월 28일"),
        ("2023-09", "September 2023", "2023년 9월"),
        ("14:05", "14 oh 5", "14시 5분"),
        ("9:00", "9 o'clock", "9시"),
        ("+1-202-555-0114", "plus one, two zero two, five five five, zero one one four", None),
        ("010-1234-5678", "zero one zero, one two three four, five six seven eight", None),
        ("010-1234-5678", None, "공 일 공, 일 이 삼 사, 오 육 칠 팔"),
        ("2-3", "2-3", "2-3"),
        ("version 2.11.7", "version 2.11.7", "version 2.11.7"),
        ("https://x.test/a?b=c", "the link", "링크"),
        ("7,053,029,000", "7053029000", "7053029000"),
    ],
)
def test_signs_are_read_as_people_read_them(text: str, english: str | None, korean: str | None) -> None:
    if english is not None:
        assert as_read(text, "en") == english
    if korean is not None:
        assert as_read(text, "ko") == korean


@pytest.mark.parametrize(
    ("value", "english", "korean"),
    [
        (7_053_029_000, "about 7.1 billion", "약 71억"),
        (685_680_000, "about 690 million", "약 6억 9천만"),
        (17_160_000, "about 17 million", "약 1700만"),
        (1_500_000_000_000, "about 1.5 trillion", "약 1조 5천억"),
        (12, "12", "12"),
        (61.5789, "61.6", "61.6"),
        (9_999, "9999", "9999"),
        (-20_000_000, "about -20 million", "약 -2000만"),
        (1_000_000, "about 1 million", "약 100만"),
    ],
)
def test_large_numbers_are_rounded_for_the_ear(value: float, english: str, korean: str) -> None:
    assert (rounded(value, "en"), rounded(value, "ko")) == (english, korean)


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("**3** contacts: `Alice`", "3 contacts: Alice"),
        ("see [the page](http://x.test/) 📊", "see the page"),
        ("# Heading", "Heading"),
        ("- item **bold** and _light_", "item bold and light"),
        ("a | b", "a, b"),
        ("Source: file.md", ""),
        ("It rained.[1] (source: x.md)", "It rained."),
        ("snake_case_name stays", "snake_case_name stays"),
        ("2 * 3 * 4", "2 times 3 times 4"),
        ("---\n", ""),
        ("🎉", ""),
        ("<b>bold</b>", "bold"),
    ],
)
def test_marks_are_not_spoken(text: str, spoken: str) -> None:
    assert speakable(text, "en") == spoken


def test_tables_and_code_are_left_out_of_a_stream_of_any_pieces() -> None:
    text = "Here it is.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```\nrm -rf /\n```\nThat was it."
    for size in (1, 3, 7, 1000):
        spoken = Spoken("en")
        said = [s for start in range(0, len(text), size) for s in spoken.feed(text[start : start + size])]
        assert [*said, *spoken.finish()] == ["Here it is.", "That was it."]
        assert spoken.written == text


def test_a_long_text_is_told_by_pages_and_nothing_is_lost() -> None:
    text = " ".join(f"This is sentence number {number} of the text." for number in range(30))
    spoken = Spoken("en")
    said = spoken.feed(text) + spoken.finish()
    assert said[-1] == "Shall I go on?"
    assert len(said) <= 4
    pages = [spoken.page, *spoken.rest]
    told = [sentence for page in pages for sentence in page.sentences]
    assert " ".join(told) == text
    assert all(sum(seconds(s, "en") for s in page.sentences) <= PAGE_SECONDS for page in pages)


def test_a_sentence_without_an_end_is_cut_into_pages() -> None:
    pages = pages_of("word " * 300, "en")
    assert len(pages) > 5
    assert " ".join(s for page in pages for s in page.sentences).split() == ["word"] * 300


def test_one_language_for_the_whole_of_a_reply() -> None:
    spoken = Spoken("en")
    spoken.feed("연락처를 찾았습니다. Mia Tanaka is here. ")
    spoken.finish()
    assert spoken.language == "ko"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("hello", "en"),
        ("안녕하세요", "ko"),
        ("Mia Tanaka의 이메일", "ko"),
        ("Call 김 now please", "en"),
        ("12", "en"),
    ],
)
def test_the_language_of_a_text(text: str, language: str) -> None:
    assert language_of(text) == language


def test_names_and_words_in_latin_letters() -> None:
    assert romanized("이서연 씨", names=True) == "Lee Seoyeon Ssi"
    assert romanized("부산") == "Busan"
    assert composed("한국") == "한국"


@pytest.mark.parametrize(
    "piece",
    ["1-", "1,", "$1~", "a.", "a@", "[", "*", "|", "12:", "(source:", "+1 ", "가", "http://", "_", "<a"],
)
@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_worst_text_is_read_in_steps_that_grow_with_its_length(piece: str, language: Any) -> None:
    text = piece * (100_000 // len(piece))
    began = time.process_time()
    spoken = Spoken(language)
    spoken.feed(text[:20_000])
    spoken.finish()
    speakable(text, language)
    assert time.process_time() - began < 20
