"""How far a reply minds a crisis, by the talk around a message."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from contracts.events.quote import Emotion
from quote_engine.adapters.trained import TrainedReader
from quote_engine.collection import load_collection
from quote_engine.domain.care import Care, care_for
from quote_engine.domain.crisis import CONFIRMED, LEARNED
from quote_engine.domain.dialogue import CrisisReply, Dialogue, Reply, StageReply, reply
from quote_engine.domain.reading import CRISIS, DOUBT, SECOND, Clue, Reading, Trained, Verdict, read

LABELLED = Path(__file__).parent / "labelled/first_messages.jsonl"
COLLECTION = load_collection()
SAD: Mapping[Emotion, float] = {"sadness": 0.9, "neutral": 0.1}
CALM: Mapping[Emotion, float] = {"neutral": 1.0}
DARK = "불 꺼진 방이 저 같아요"


def reader(dangers: Mapping[str, float], feeling: Mapping[Emotion, float] = CALM) -> Trained:
    """A trained reader that doubts these sentences so far, and no others."""

    def judge(clues: Sequence[Clue]) -> Sequence[Verdict]:
        return [
            Verdict(danger, SAD) if (danger := dangers.get(clue.text, 0.0)) else Verdict(0.0, feeling)
            for clue in clues
        ]

    return judge


def answer(state: Dialogue, text: str, trained: Trained | None) -> Reply:
    return reply(state, text, conversation="a:1", quotations=COLLECTION, trained=trained)


ASKED = Dialogue(answered=1, said=(DARK,))
GUESSED = Dialogue(answered=0, said=(DARK,), crises=1, gravest=2)
DOUBTING = reader({DARK: DOUBT})
SURE = reader({DARK: CRISIS})


@pytest.mark.parametrize("text", ["네", "가끔요", "응 맞아요", "yes", "sometimes", "I do"])
def test_a_yes_to_the_question_gets_helplines(text: str) -> None:
    answered = answer(ASKED, text, DOUBTING)
    assert isinstance(answered, CrisisReply)
    assert answered.sign == CONFIRMED


@pytest.mark.parametrize(
    "text",
    [
        "아니요",
        "네? 그냥 심심한 거예요",
        "그런 뜻은 아니에요",
        "네 괜찮아요",
        "no",
        "not really",
        "no, I'm just bored",
    ],
)
def test_a_no_to_the_question_gets_an_ordinary_reply(text: str) -> None:
    answered = answer(ASKED, text, DOUBTING)
    assert isinstance(answered, StageReply)
    assert not answered.fragile


@pytest.mark.parametrize(("second", "expected"), [(SECOND, CrisisReply), (DOUBT, StageReply)])
def test_after_the_question_a_strong_doubt_gets_helplines_and_a_faint_one_another_question(
    second: float, expected: type[Reply]
) -> None:
    worse = "아무 소리도 안 들리면 좋겠어요"
    both = reader({DARK: DOUBT, worse: second})
    alone, after = answer(Dialogue(), worse, both), answer(ASKED, worse, both)
    assert isinstance(alone, StageReply)
    assert alone.fragile
    assert isinstance(after, expected)


def test_a_long_no_takes_the_doubt_back_if_nothing_in_it_is_dark() -> None:
    no = Reading("no, I only meant that I was so embarrassed at work", answers=frozenset({"no"}), doubt=0.2)
    asked = Reading(DARK, doubt=DOUBT)
    assert not care_for(Reading(DARK, doubt=0.5), [asked, no]).asking
    assert care_for(Reading(DARK, doubt=0.5), [asked, replace(no, doubt=DOUBT)]).asking


def test_a_talk_that_began_with_boredom_is_asked_only_on_a_strong_doubt() -> None:
    bored = Reading("심심해", tones=frozenset({"boredom"}))
    assert not care_for(Reading(DARK, doubt=0.5), [bored]).asking
    assert care_for(Reading(DARK, doubt=0.7), [bored]).asking


def test_a_yes_without_a_question_is_no_crisis() -> None:
    assert isinstance(answer(Dialogue(answered=1, said=("비가 와요",)), "네", DOUBTING), StageReply)


@pytest.mark.parametrize("text", ["그런 뜻 아니에요", "nothing's wrong"])
def test_a_guess_is_taken_back_and_what_is_certain_is_not(text: str) -> None:
    def fragile(certain: bool) -> bool:
        state = Dialogue(said=(DARK,), crises=1, gravest=2, certain=certain)
        answered = answer(state, text, SURE)
        assert isinstance(answered, StageReply)
        return answered.fragile

    assert not fragile(certain=False)
    assert fragile(certain=True)


@pytest.mark.parametrize(
    "text",
    [
        "네",
        "모르겠어요",
        "그냥 너무 힘들어요",
        "no",
        "회사 갔다가 집에 와서 밥 먹었어요",
        "들어줘서 고마워요",
    ],
)
def test_a_guess_stands_while_nobody_speaks_against_it(text: str) -> None:
    answered = answer(GUESSED, text, SURE)
    assert isinstance(answered, StageReply)
    assert answered.fragile


def test_what_only_the_trained_reader_suspects_is_asked_first() -> None:
    assert care_for(Reading(DARK, doubt=CRISIS - 0.01)) == Care(None, asking=True)
    assert care_for(Reading(DARK, doubt=CRISIS)) == Care(LEARNED, asking=True)


def test_a_denial_in_words_of_crisis_is_noticed() -> None:
    assert isinstance(answer(ASKED, "아니요 죽고 싶지는 않아요", DOUBTING), CrisisReply)


@pytest.mark.parametrize("doubt", [DOUBT, CRISIS])
def test_a_glad_talk_is_not_interrupted_by_a_doubt(doubt: float) -> None:
    glad = Reading("합격했어요", {"joy": 0.9})
    now = Reading(DARK, {"sadness": 0.4}, doubt=min(doubt, 0.59))
    assert not care_for(now, [glad]).asking
    assert care_for(now).asking
    assert care_for(Reading(DARK, doubt=0.95), [glad]).sign == LEARNED


def test_what_looks_light_is_asked_about_less() -> None:
    assert not care_for(Reading(DARK, doubt=0.5, plain=True)).asking
    assert care_for(Reading(DARK, doubt=0.5)).asking
    assert care_for(Reading(DARK, doubt=0.75, plain=True)) == Care(None, asking=True)


@pytest.mark.skipif(TrainedReader.of(wanted=True) is None, reason="the reader's package is not installed")
def test_first_messages_are_told_apart() -> None:
    trained = TrainedReader()
    rows = [json.loads(line) for line in LABELLED.read_text("utf-8").splitlines()[::4]]
    noticed: dict[bool, list[bool]] = {True: [], False: []}
    for row in rows:
        care = care_for(read(row["text"], row["language"], trained))
        noticed[row["kind"].startswith("crisis")].append(care.sign is not None or care.asking)
    assert sum(noticed[True]) >= 0.9 * len(noticed[True])
    assert sum(noticed[False]) <= 0.2 * len(noticed[False])
