"""What is chosen, and what is left when a small collection runs out."""

from collections.abc import Collection

import pytest

from contracts.events.quote import Mood
from quote_engine.domain.choice import NoQuotationError, choose
from quote_engine.domain.quotation import Quotation

MOOD = Mood(emotion="sadness", theme="loss", category="hope", emotions={"sadness": 2.0}, themes={"loss": 1.8})


def quotation(name: str, **changes: object) -> Quotation:
    return Quotation.model_validate(
        {
            "id": name,
            "text": name,
            "author": "someone",
            "language": "en",
            "category": "hope",
            "themes": ["loss"],
            "emotions": ["sadness"],
            "attribution": "verified",
        }
        | changes
    )


FITS = quotation("fits")
OTHER = quotation("other", category="productivity", themes=["focus"], emotions=["neutral"])
KOREAN = quotation("korean", language="ko")
DOUBTFUL = quotation("doubtful", attribution="uncertain")


def chosen(*quotations: Quotation, given: Collection[str] = (), recent: Collection[str] = ()) -> str:
    return choose(
        quotations, MOOD, "en", situation="grief", seed="a:1", given=given, recent=recent
    ).quotation.id


def test_the_one_that_fits_is_chosen() -> None:
    assert chosen(OTHER, KOREAN, DOUBTFUL, FITS) == "fits"


def test_what_was_given_is_not_chosen_even_if_nothing_else_fits() -> None:
    assert chosen(OTHER, FITS, given={"fits"}) == "other"
    assert chosen(OTHER, FITS, recent={"fits"}) == "other"


def test_a_recent_one_comes_before_one_this_conversation_had() -> None:
    assert chosen(OTHER, FITS, given={"fits"}, recent={"other", "fits"}) == "other"


def test_another_language_comes_before_a_repetition() -> None:
    assert chosen(FITS, KOREAN, given={"fits"}) == "korean"


def test_candidates_come_best_first_with_their_scores() -> None:
    choice = choose([OTHER, FITS], MOOD, "en", situation="grief", seed="a:1", given=(), recent=())
    assert [candidate.quote_id for candidate in choice.candidates] == ["fits", "other"]
    assert choice.candidates[0].score > choice.candidates[1].score


def test_doubtful_ones_are_never_given() -> None:
    with pytest.raises(NoQuotationError):
        chosen(DOUBTFUL)


def test_one_that_suits_comes_first_and_one_that_hurts_last() -> None:
    suits, hurts = quotation("suits", emotions=["joy"], suits=["grief"]), quotation("hurts", hurts=["grief"])
    assert chosen(FITS, suits, hurts) == "suits"
    assert chosen(OTHER, hurts) == "other"
    assert chosen(OTHER, hurts, given={"other"}) == "hurts"
