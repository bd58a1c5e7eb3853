"""No text of a user costs more than in proportion to its length, whatever is in it.

Every expression is over pieces of bounded length, and matches no more than a piece; every analyser is fed
100 kB of its own worst pieces, and its steps are counted.
"""

import re
import sys
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib import import_module
from types import FrameType
from typing import Final, Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from quote_engine import words
from quote_engine.adapters import trained as trained_reader
from quote_engine.collection import load_collection
from quote_engine.domain import crisis, language, mood, tone
from quote_engine.domain.dialogue import Dialogue, reply
from quote_engine.domain.reading import Clue, Verdict, read

parser = import_module("re._parser")
"""The only thing that tells how long a match can get."""

LONG: Final = 100_000


def expressions() -> Iterator[tuple[str, re.Pattern[str]]]:
    for sign in crisis._signs():
        yield f"crisis {sign.name}", sign.pattern
        if sign.unless:
            yield f"crisis {sign.name} unless", sign.unless
    yield "harmless", crisis._harmless()
    for name, pattern in zip(("means", "means unless"), crisis._means(), strict=True):
        yield name, pattern
    for tongue in ("ko", "en"):
        rules = mood._rules(tongue)
        for emotion, _, pattern in (*rules.emotions, *rules.circumstances):
            yield f"{tongue} {emotion}", pattern
        for theme, _, pattern in rules.themes:
            yield f"{tongue} {theme}", pattern
        for name in ("negated_before", "negated_after", "not_negated", "strong", "weak", "sarcasm", "turn"):
            if pattern := getattr(rules, name):
                yield f"{tongue} {name}", pattern
        for name, pattern in (*tone._tones(tongue), *tone._answers(tongue)):
            yield f"{tongue} {name}", pattern
        yield f"{tongue} topics", tone._topics(tongue)
    yield "mash", tone._MASH


def test_no_expression_matches_more_than_a_piece() -> None:
    wide = {name: parser.parse(pattern.pattern).getwidth()[1] for name, pattern in expressions()}
    assert {name: width for name, width in wide.items() if width > language.PIECE} == {}


@pytest.mark.parametrize(
    "text", ["사는게" * 33_000, "a b " * 25_000, "ㅋ" * LONG, " " * LONG, "가\u0301\u0316" * 33_000]
)
def test_pieces_are_bounded_and_few(text: str) -> None:
    plain = language.normalise(text)
    for found in (list(language.pieces(plain)), list(language.sentences(plain))):
        assert max(map(len, found), default=0) <= language.PIECE
        assert len(found) <= len(plain) / (language.PIECE - 2 * language.OVERLAP) + 1


def literals(pattern: str) -> list[str]:
    """The words that an expression begins to match: what costs most when they come again and again."""
    return re.findall(r"[가-힣]{2,}|[a-z]{3,}(?: [a-z]+)*", pattern)[:6] or ["가나"]


@pytest.mark.parametrize(("name", "pattern"), [pytest.param(*pair, id=pair[0]) for pair in expressions()])
def test_an_expression_finds_its_way_through_a_piece_of_its_own_worst(
    name: str, pattern: re.Pattern[str]
) -> None:
    """Not one of them hangs: a piece is all that it ever sees, and this one is made of its own words."""
    for literal in literals(pattern.pattern):
        for glue in ("", " ", ", "):
            piece = (literal + glue) * language.PIECE
            assert sum(1 for _ in pattern.finditer(piece[: language.PIECE])) <= language.PIECE, name


def steps(work: Callable[[], object]) -> int:
    """Calls, of Python and of C, that `work` makes."""
    count = 0

    def seen(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += 1

    before = sys.getprofile()
    sys.setprofile(seen)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


WORST: Final = {
    "a phrase again and again": "사는게",
    "beginnings of phrases": "죽고 만 ",
    "english gaps": "want to just ",
    "combining marks": "a\u0301\u0316",
    "decomposed": unicodedata.normalize("NFD", "사는게 힘들어요 "),
    "no space": "가",
    "spaces": " ",
    "emoji": "😢",
    "sentences": "아. ",
    "quotes": "don’t ",
    "hits": "슬퍼 sad 슬퍼 not ",
}


@pytest.mark.parametrize("piece", WORST.values(), ids=WORST.keys())
def test_steps_grow_with_the_length_and_no_faster(piece: str) -> None:
    def text(length: int) -> str:
        return (piece * length)[:length]

    read("안녕", "ko")
    short, long = (steps(partial(read, text(length), "ko")) for length in (LONG // 8, LONG))
    assert long <= 10 * short + 5_000


def test_a_whole_talk_of_the_longest_messages_is_answered() -> None:
    said = ("사는게" * 33_000, "a\u0301\u0316" * 33_000, "죽 고 만 " * 20_000)
    state = Dialogue(answered=3, said=said * 5)
    answer = reply(state, "고마워요", conversation="a", quotations=load_collection())
    assert len(answer.text) < 2_000


def test_a_text_longer_than_any_protocol_takes_is_read_at_both_ends() -> None:
    assert len(language.composed("가" * 1_000_000)) <= language.MAX_READ + 1
    assert crisis.find_crisis("그냥 그래요. " * 100_000 + "죽고 싶어요") is not None


def test_words_are_those_of_the_files() -> None:
    assert set(words.FILES) == {"korean", "english", "marks", "crisis", "replies"}


def test_the_trained_reader_sees_both_ends_of_a_long_message_and_no_more() -> None:
    seen: list[str] = []

    def trained(clues: Sequence[Clue]) -> Sequence[Verdict]:
        seen.extend(clue.text for clue in clues)
        return [Verdict(0.0, {"neutral": 1.0}) for _ in clues]

    for text in ("no stop " * 12_000, "A short one. " * 8_000, "first. " + "가나다라 " * 20_000 + "\nlast."):
        seen.clear()
        read(text, "en", trained)
        assert len(seen) <= 12
        assert sum(map(len, seen)) < 960 + language.PIECE
    assert {"first.", "last."} <= set(seen)


def test_what_was_read_before_is_not_computed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    computed: list[str] = []

    def embed(text: str) -> NDArray[np.float32]:
        computed.append(text)
        return np.full(384, 0.05, dtype=np.float32)

    monkeypatch.setattr(trained_reader, "embedding", lambda: embed)
    reader = trained_reader.TrainedReader()
    said = tuple(f"It was message {number} of a long day." for number in range(3))
    stages: tuple[Literal[0, 1, 2, 3], ...] = (0, 1, 2, 3)
    for answered in stages:
        state = Dialogue(answered=answered, said=said[:answered])
        text = [*said, "And the last one."][answered]
        reply(state, text, conversation="a", quotations=load_collection(), trained=reader)
    assert len(computed) == 4
