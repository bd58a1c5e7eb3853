"""Everyday requests to the embedded model, over labelled sets; half of each was held back from tuning."""

import unicodedata

import pytest
from tests.everyday import HALVES, LANGUAGES, fits, half, reply, requests

LEAST_REQUESTS = 100


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("which", HALVES)
@pytest.mark.parametrize(("later", "least"), [(False, 0.9), (True, 0.6)])
async def test_everyday_requests_are_answered(language: str, which: str, later: bool, least: float) -> None:
    every = requests(language, later=later)
    assert len(every) >= (LEAST_REQUESTS if not later else 60)
    mine = half(every, which)

    wrong = [(each, said) for each in mine if not fits(said := await reply(each.text), each.wanted)]

    assert len(wrong) <= (1 - least) * len(mine), wrong


@pytest.mark.parametrize(
    "said",
    [
        "when is payday?",
        "급여일이 언제야?",
        "where can I park?",
        "육아휴직 규정 있어?",
        "what is the dress code policy?",
    ],
)
async def test_what_the_notes_do_not_say_is_not_answered_from_them(said: str) -> None:
    told = await reply(said)

    assert "source:" not in told
    assert "출처:" not in told


@pytest.mark.parametrize(
    ("said", "none"),
    [
        ("what is the mentor policy?", "The notes have no such policy."),
        ("멘토 규정 알려줘", "노트에 그런 규정은 없습니다."),
    ],
)
async def test_a_policy_that_is_only_mentioned_is_not_there_and_the_nearest_is_offered(
    said: str, none: str
) -> None:
    told = await reply(said)

    assert told.startswith(none)
    assert "onboarding.en.md · First week" in told


async def test_what_is_beyond_it_it_says_in_one_sentence_with_two_examples() -> None:
    assert await reply("compose a symphony") == (
        'That is beyond me, but I can do things like "show the contacts in Seoul" or '
        '"analyse the sales of 2023 by product".'
    )


async def test_korean_in_pieces_is_read_as_korean() -> None:
    told = await reply(unicodedata.normalize("NFD", "김민준 전화번호 알려줘"))

    assert told == "김민준: 010-0000-0101"
