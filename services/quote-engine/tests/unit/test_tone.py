"""What is told of beside the feeling."""

from collections.abc import Sequence
from typing import Literal

import pytest

from quote_engine.collection import load_collection
from quote_engine.domain.dialogue import CrisisReply, Dialogue, reply
from quote_engine.domain.language import normalise
from quote_engine.domain.reading import Clue, Verdict
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
