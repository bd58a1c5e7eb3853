"""Crisis sentences are noticed, look-alikes are not, and the answer names helplines."""

import json
from pathlib import Path

import pytest

from quote_engine.domain.crisis import find_crisis, level_of
from quote_engine.domain.wording import crisis as crisis_reply

LABELLED = Path(__file__).parent / "labelled"


def sentences(name: str) -> list[str]:
    files = sorted(LABELLED.glob(f"*{name}"))
    return [json.loads(line)["text"] for file in files for line in file.read_text("utf-8").splitlines()]


@pytest.mark.parametrize("text", sentences("crisis.jsonl"))
def test_notices(text: str) -> None:
    assert find_crisis(text)


@pytest.mark.parametrize("text", sentences("lookalikes.jsonl"))
def test_is_not_alarmed_by(text: str) -> None:
    assert find_crisis(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "I’m going to KILL MYSELF",
        "죽 고 싶 어",
        "좋은 하루였어요. " * 3_000 + "그런데 사실 죽고 싶어요. " + "그냥 그래요. " * 3_000,
        "회사 일 다 끝내고 죽고 싶어요",
        "오늘 너무 힘들었어 i want to die",
        "삶의 끈을 놓고 싶어요",
        "로프를 샀어요",
        "내일이 안 왔으면",
        "더는 버틸 자신이 없어요",
        "제 장례식을 생각해요",
        "그냥 나 하나 없어지면 돼",
        "제발 죽여줘 너무 힘들어",
        "영화 보다가 자살 생각이 났어요",
        "what's the point of sticking around",
        "how many tylenol is too many",
    ],
)
def test_notices_disguised_and_buried(text: str) -> None:
    assert find_crisis(text)


@pytest.mark.parametrize(
    "text",
    [
        "혼자 살아요",
        "I packed sunscreen but I won't need it",
        "같이 가자해서 갔어요",
        "유서 깊은 절에 다녀왔어요",
        "캠핑 가려고 로프를 샀어요",
        "월요일이라 내일이 안 왔으면",
        "어제 장례식에 다녀왔어요",
        "문제가 없어지면 좋겠어요",
        "실수 하나 없이 잘 끝냈어요",
        "아내가 없으면 밥을 못 해요",
        "죽여줘 ㅋㅋ 과제가 다섯 개야",
        "국물이 진짜 죽여줘요",
        "강아지가 보고 싶어 죽으려고 해요",
        "자살률 통계를 조사하고 있어요",
        "영화에서 주인공이 자살하는 장면이 슬펐어요",
        "said goodbye to everyone at the office",
        "a documentary on suicide prevention",
    ],
)
def test_is_not_alarmed_by_the_same_syllables(text: str) -> None:
    assert find_crisis(text) is None


def test_korean_answer_names_korean_lines() -> None:
    for line in ("109", "1577-0199", "1388", "119", "112"):
        assert line in crisis_reply(0, False, "ko")


def test_english_answer_names_lines_of_several_countries() -> None:
    for line in ("988", "116 123", "findahelpline.com", "109", "1577-0199"):
        assert line in crisis_reply(0, False, "en")


def test_the_gravest_sign_counts() -> None:
    sign = find_crisis("사라지고 싶어요. 수면제를 다 모아 뒀어요")
    assert sign is not None
    assert level_of(sign) == 3
    assert level_of("of an older version") == 2
