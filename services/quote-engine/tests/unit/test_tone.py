"""What is told of beside the feeling."""

from collections.abc import Sequence
from typing import Literal

import pytest

from quote_engine.collection import load_collection
from quote_engine.domain.dialogue import CrisisReply, Dialogue, reply
from quote_engine.domain.language import normalise
from quote_engine.domain.reading import Clue, Verdict, read
from quote_engine.domain.tone import tones


@pytest.mark.parametrize("text", ["great, my car just died", "노트북이 또 죽었어요"])
def test_what_stops_working_is_no_loss(text: str) -> None:
    assert "grief" not in tones(normalise(text))


@pytest.mark.parametrize("text", ["my father just died", "grandpa died in his car", "우리 강아지가 죽었어요"])
def test_a_death_is_one(text: str) -> None:
    assert "grief" in tones(normalise(text))


@pytest.mark.parametrize(
    "text", ["are you a real person?", "is this a bot", "혹시 사람이에요?", "이거 봇이에요?"]
)
@pytest.mark.parametrize("answered", [0, 1])
def test_who_asks_whether_a_person_answers_is_told(text: str, answered: Literal[0, 1]) -> None:
    answer = reply(Dialogue(answered=answered), text, conversation="user:1", quotations=load_collection())
    assert "program" in answer.text or "프로그램" in answer.text


@pytest.mark.parametrize(("text", "alarms"), [("I'm bored", False), ("I'm bored and want to die", True)])
def test_boredom_is_no_alarm_by_itself(text: str, alarms: bool) -> None:
    def frightened(clues: Sequence[Clue]) -> Sequence[Verdict]:
        return [Verdict(0.9, {"neutral": 1.0}) for _ in clues]

    answer = reply(Dialogue(), text, conversation="user:1", quotations=load_collection(), trained=frightened)
    assert isinstance(answer, CrisisReply) == alarms
    assert "want to live" in answer.text or "988" in answer.text


@pytest.mark.parametrize(("text", "worn"), [("I'm so bored", False), ("I'm bored and exhausted", True)])
def test_who_is_bored_is_not_worn_out(text: str, worn: bool) -> None:
    def tired(clues: Sequence[Clue]) -> Sequence[Verdict]:
        return [Verdict(0.0, {"exhaustion": 0.7, "neutral": 0.3}) for _ in clues]

    assert ("exhaustion" in read(text, "en", tired).emotions) == worn


@pytest.mark.parametrize(
    ("text", "feast"),
    [
        ("it's my birthday today", True),
        ("I feel so alone on my birthday", False),
        ("오늘 제 생일이에요", True),
        ("생일인데 아무도 기억을 못 해요", False),
    ],
)
def test_a_birthday_that_hurts_is_no_feast(text: str, feast: bool) -> None:
    assert ("birthday" in read(text, "en").tones) == feast


@pytest.mark.parametrize("text", ["I think I'm falling in love", "사랑에 빠진 것 같아요"])
def test_love_is_a_joy(text: str) -> None:
    assert read(text, "en").named == {"joy"}
