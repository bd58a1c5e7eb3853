"""Results in words for the ear: short, in one language, the fact first; and by ear, in the slowest voice."""

import asyncio
from typing import Any

import pytest
from tests.answers import CATALOGUE, SLOWEST, answered

from voice_bridge.domain.answer import Answer, Page
from voice_bridge.domain.dialogue import Manner
from voice_bridge.domain.language import is_hangul, language_of
from voice_bridge.domain.prose import speakable
from voice_bridge.domain.speech import duration_ms
from voice_bridge.domain.wording import ToolResult, worded
from voice_bridge.engines.espeak import Espeak, EspeakSpeech

LONGEST_SECONDS = 12.0


def told(said: str, tool: str, result: Any, language: Any = "en") -> Answer:
    answer = worded(said, [ToolResult(tool, result)], "written", language)
    assert answer is not None
    return answer


@pytest.mark.parametrize("case", CATALOGUE, ids=[case["said"] for case in CATALOGUE])
def test_every_page_is_short_and_in_one_language(case: dict[str, Any]) -> None:
    answer = answered(case)
    assert answer.written == case["text"]
    for page in answer.pages:
        assert 1 <= len(page.spoken) <= 4
        text = " ".join(speakable(sentence, page.language) for sentence in page.spoken)
        if page.language == "en":
            assert not any(map(is_hangul, text)), text
        assert not set("|*#_`[]") & set(text), text
    assert answer.pages[0].language == language_of(case["said"]) or not case["results"]


async def test_every_answer_of_the_catalogue_takes_less_than_twelve_seconds_by_ear() -> None:
    espeak = Espeak()
    speech = EspeakSpeech(espeak)

    async def seconds(page: Page) -> float:
        spoken = 0.0
        for sentence in page.spoken:
            text = speakable(sentence, page.language)
            async for pcm in speech.speak(text, SLOWEST, page.language, Manner()):
                spoken += duration_ms(pcm) / 1000
        return spoken

    try:
        taken = {case["said"]: await seconds(answered(case).pages[0]) for case in CATALOGUE}
    finally:
        await espeak.close()
    too_long = {said: round(each, 1) for said, each in taken.items() if each >= LONGEST_SECONDS}
    assert not too_long
    await asyncio.sleep(0)


def people(count: int) -> list[dict[str, str]]:
    return [
        {"name": f"Person {number}", "email": f"p{number}@x.test", "phone": f"010-0000-01{number:02}"}
        for number in range(1, count + 1)
    ]


@pytest.mark.parametrize(
    ("said", "result", "language", "first", "pages"),
    [
        ("all contacts", [], "en", "I found nobody.", 1),
        ("모두", [], "ko", "찾는 분이 연락처에 없습니다.", 1),
        ("all", people(2), "en", "I found 2 contacts: Person 1 and Person 2.", 1),
        (
            "all",
            people(20),
            "en",
            "I found 20 contacts. The first are Person 1, Person 2 and Person 3.",
            1 + 5,
        ),
        ("email", people(1), "en", "Person 1's e-mail address is p1@x.test.", 1),
        ("전화번호", people(1), "ko", "Person 1 님의 전화번호는 010-0000-0101 입니다.", 1),
    ],
)
def test_contacts(said: str, result: Any, language: Any, first: str, pages: int) -> None:
    answer = told(said, "find_contacts", result, language)
    assert answer.pages[0].sentences[0] == first
    assert len(answer.pages) == pages


def test_korean_names_are_in_latin_letters_in_an_english_talk() -> None:
    answer = told("all", "find_contacts", [{"name": "김민준"}, {"name": "장서윤"}])
    assert answer.pages[0].sentences[0] == "I found 2 contacts: Kim Minjun and Jang Seoyun."


def test_a_policy_that_the_notes_only_mention_is_offered_and_not_read_out() -> None:
    note = {"text": "A new colleague reads the security guide.", "only_mentioned": True}
    answer = told("security policy", "search_notes", [note])
    assert answer.pages[0].spoken == ("The notes have no such policy.", "Shall I read the nearest to you?")
    assert answer.pages[1].spoken == (note["text"],)


def test_a_note_in_another_language_is_offered_and_not_read_at_once() -> None:
    answer = told("vacation", "search_notes", [{"text": "휴가는 3일 전까지 신청한다."}])
    assert answer.pages[0].offer == "Shall I read it to you?"
    assert answer.pages[1] == Page(("휴가는 3일 전까지 신청한다.",), "ko")


def test_the_total_comes_first_and_then_what_stands_out() -> None:
    result = {
        "dataset": "sales_2023",
        "aggregate": "sum",
        "group_by": "region",
        "total": 7_053_029_000,
        "best": {"region": "Seoul", "value": 2_410_000_000},
        "worst": {"region": "Daegu", "value": 1},
        "rows": [{"region": "Seoul", "value": 2_410_000_000}, {"region": "Daegu", "value": 1}],
    }
    page = told("sales by region", "analyze_dataset", result).pages[0]
    assert page.sentences == (
        "Sales in 2023 come to about 7.1 billion. Seoul stands out with about 2.4 billion.",
    )
    assert page.offer
    korean = told("지역별 매출", "analyze_dataset", result, "ko").pages[0]
    assert korean.sentences == ("2023년 매출 합계는 약 71억입니다. 최고는 Seoul, 약 24억입니다.",)


@pytest.mark.parametrize("value", [None, 7, "text", [1, 2], {}, {"rows": 3}, [{"x": 1}], [None]])
@pytest.mark.parametrize(
    "tool",
    [
        "find_contacts",
        "analyze_dataset",
        "list_datasets",
        "search_notes",
        "write_report",
        "list_documents",
        "x",
    ],
)
@pytest.mark.parametrize("language", ["ko", "en"])
def test_any_result_is_told_or_left_to_the_text(tool: str, value: Any, language: Any) -> None:
    answer = worded("x", [ToolResult(tool, value)], "written", language)
    assert answer is None or answer.pages[0].sentences


def test_a_failure_is_told_without_its_innards() -> None:
    failed = [ToolResult("analyze_dataset", "KeyError: no dataset sales_2019 in /srv/data", failed=True)]
    answer = worded("2019", failed, "written", "en")
    assert answer
    assert answer.pages[0].sentences == ("Sorry, I have no data for that.",)
