"""What forty talks end with: a quotation that suits what somebody is in, and none that hurts in it."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from quote_engine.adapters.trained import TrainedReader
from quote_engine.collection import load_collection
from quote_engine.domain.dialogue import Dialogue, StageReply, reply
from quote_engine.domain.language import language_of
from quote_engine.domain.quotation import Quotation
from quote_engine.domain.reading import Trained

TALKS: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "talks.yaml").read_text("utf-8"))
COLLECTION = {quotation.id: quotation for quotation in load_collection()}
READER = TrainedReader.of(wanted=True)
WOUNDING = {"grief": {"50", "189", "41"}, "anger": {"29", "136", "384"}, "joy": {"41"}}


def end(said: list[str], trained: Trained | None, conversation: str = "user:1") -> tuple[Quotation, bool]:
    """The quotation of a talk, and whether the reader was in doubt about a crisis."""
    state = Dialogue(answered=3, said=tuple(said[:3]), language=language_of(said[0], "ko"))
    answer = reply(
        state, said[3], conversation=conversation, quotations=tuple(COLLECTION.values()), trained=trained
    )
    assert isinstance(answer, StageReply)
    assert answer.quote is not None
    return COLLECTION[answer.quote.id], answer.fragile


@pytest.mark.parametrize("talk", TALKS, ids=lambda talk: talk["said"][0])
def test_the_quotation_suits_the_talk(talk: dict[str, Any]) -> None:
    for trained in {READER, None}:
        quotation, doubted = end(talk["said"], trained)
        assert set(quotation.suits) & {*talk["suits"], *(["crisis"] if doubted else [])}, quotation
        assert not set(quotation.hurts) & {talk["suits"][0]}, quotation


@pytest.mark.parametrize("talk", TALKS, ids=lambda talk: talk["said"][0])
def test_no_conversation_gets_one_that_wounds(talk: dict[str, Any]) -> None:
    wounding = WOUNDING.get(talk["suits"][0], set())
    assert wounding.isdisjoint(end(talk["said"], None, f"user:{number}")[0].id for number in range(12))


def test_there_are_forty_talks() -> None:
    assert len(TALKS) == 40


def test_every_situation_has_quotations_in_both_languages() -> None:
    for language in ("ko", "en"):
        for situation in {situation for quotation in COLLECTION.values() for situation in quotation.hurts}:
            suiting = [q for q in COLLECTION.values() if q.usable and q.language == language]
            assert len([q for q in suiting if situation in q.suits]) >= 8, (language, situation)


def test_none_suits_and_hurts_alike() -> None:
    assert [q.id for q in COLLECTION.values() if set(q.suits) & set(q.hurts)] == []


@pytest.mark.parametrize("doubtful", ["1", "18", "42", "68", "117", "146"])
def test_doubtful_attributions_are_not_given(doubtful: str) -> None:
    assert not COLLECTION[doubtful].usable
    assert COLLECTION[doubtful].note
