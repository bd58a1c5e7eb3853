"""Emotion, theme and category by rules, sentence by sentence and over whole talks."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from contracts.events.quote import Language
from quote_engine.domain.language import normalise
from quote_engine.domain.reading import Clue, Verdict, read_mood
from quote_engine.domain.tone import tones

LABELLED = Path(__file__).parent / "labelled"


@pytest.mark.parametrize(
    ("text", "emotion"),
    [
        ("행복하지 않아요", "sadness"),
        ("기분이 안 좋아요", "sadness"),
        ("별로 안 힘들어요", "joy"),
        ("걱정되지 않아요", "joy"),
        ("나쁘지 않아요", "joy"),
        ("디다 진짜", "exhaustion"),
        ("힘들어예", "exhaustion"),
        ("ㅠㅠ", "sadness"),
        ("😡😡", "anger"),
        ("오늘 meeting 때문에 너무 stressed 상태예요", "anxiety"),
        ("not happy", "sadness"),
        ("I’m not happy at all", "sadness"),
        ("I've never been so happy", "joy"),
        ("can't stop crying", "sadness"),
        ("I'm not worried", "joy"),
        ("it was fun but now I'm exhausted", "exhaustion"),
        ("참 잘~됐네요", "anger"),
        ("just great, another bill", "anger"),
        ("축하해 줘 오늘도 또 야근이야", "exhaustion"),
        ("asdf qwer", "neutral"),
        ("", "neutral"),
    ],
)
def test_emotion(text: str, emotion: str) -> None:
    assert read_mood([text], "ko").emotion == emotion


@pytest.mark.parametrize(
    ("text", "emotion"),
    [
        ("우리 강아지가 신부전이래요", "sadness"),
        ("여자친구가 헤어지재요", "sadness"),
        ("the vet says it is kidney failure", "sadness"),
        ("she ended it with a text", "sadness"),
        ("우리 강아지가 상을 받았대요", "joy"),
        ("the doctor says my diabetes is gone, I'm so happy", "joy"),
    ],
)
def test_what_is_guessed_of_an_illness_or_a_parting_is_no_joy(text: str, emotion: str) -> None:
    def glad(clues: Sequence[Clue]) -> list[Verdict]:
        return [Verdict(0.0, {"joy": 0.8, "sadness": 0.2})] * len(clues)

    assert read_mood([text], "ko", glad).emotion == emotion


@pytest.mark.parametrize(
    ("text", "failure"),
    [
        ("시험에서 떨어졌어", True),
        ("오디션 또 떨어졌어요", True),
        ("계단에서 떨어졌어요", False),
        ("배터리가 다 떨어졌어", False),
        ("정 떨어졌어 진짜", False),
        ("기온이 뚝 떨어졌네요", False),
    ],
)
def test_what_falls_fails_no_exam(text: str, failure: bool) -> None:
    assert ("failure" in tones(normalise(text))) == failure


def test_the_whole_talk_decides() -> None:
    talk = [
        "회사에서 좀 짜증나는 일이 있었어요",
        "사실 요즘 너무 지쳐요",
        "매일 야근이라 번아웃 온 것 같고 힘들어요",
    ]
    mood = read_mood(talk, "ko")
    assert (mood.emotion, mood.theme, mood.category) == ("exhaustion", "work", "resilience")
    assert mood.emotions["anger"] > 0


def test_the_evidence_adds_up_to_the_verdict() -> None:
    mood = read_mood(["I'm sad and tired, so tired"], "en")
    assert mood.emotions["exhaustion"] > mood.emotions["sadness"] > 0
    assert mood.emotion == "exhaustion"


def test_a_very_long_message_is_read_at_both_ends() -> None:
    assert read_mood(["음 " * 50_000 + "너무 외로워요"], "ko").emotion == "loneliness"


@pytest.mark.parametrize("language", ["ko", "en"])
def test_labelled_sentences_stay_as_well_understood_as_the_aim(language: Language) -> None:
    rows = [json.loads(line) for line in (LABELLED / f"{language}.jsonl").read_text("utf-8").splitlines()]
    assert len(rows) >= 60
    right = sum(read_mood([row["text"]], language).emotion == row["emotion"] for row in rows)
    assert right / len(rows) >= 0.85


@pytest.mark.parametrize("language", ["ko", "en"])
def test_circumstances_that_are_listed_carry_a_feeling(language: Language) -> None:
    rows = [
        json.loads(line) for line in (LABELLED / f"implicit_{language}.jsonl").read_text("utf-8").splitlines()
    ]
    right = sum(read_mood([row["text"]], language).emotion == row["emotion"] for row in rows)
    assert right / len(rows) >= 0.85


@pytest.mark.parametrize(
    ("text", "is_glad"),
    [
        ("our daughter was born on tuesday", True),
        ("my sister gave birth last night", True),
        ("아내가 어젯밤에 출산했어요", True),
        ("the boy was born blind", False),
        ("our daughter was born too early", False),
    ],
)
def test_a_birth_is_a_joy_unless_something_else_is_told_of_it(text: str, is_glad: bool) -> None:
    assert (read_mood([text], "en").emotion == "joy") == is_glad
