"""The data files fit their schema, and their sentences do what the protocol and the domain ask of them."""

import json
import re
from importlib.resources import files
from itertools import chain, combinations
from typing import get_args

import pytest
from jsonschema import Draft202012Validator

from contracts.events.quote import Emotion, Language, Theme
from quote_engine import words

LANGUAGES = get_args(Language)


@pytest.mark.parametrize("name", words.FILES)
def test_every_file_fits_the_schema_beside_it(name: str) -> None:
    stored = json.loads((files(words) / "schema.json").read_text("utf-8"))
    assert stored == json.loads(json.dumps(words.schema()))
    # YAML has numbers for keys where JSON has strings.
    Draft202012Validator(stored[name]).validate(json.loads(json.dumps(words.raw(name))))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_feeling_and_tone_has_its_sentences(language: Language) -> None:
    found = words.replies().of(language)
    tones = {*get_args(Emotion), *words.words(language).tones, "nonsense"}
    assert tones <= set(found.said_alone)
    assert tones <= set(found.heard)
    assert tones <= set(found.stayed)
    assert set(get_args(Emotion)) <= set(found.said)
    assert set(found.needs_by_theme) == set(get_args(Theme))
    assert set(found.careful) == {1, 2, 3}
    assert set(found.worried) == {1, 2, 3, 4}


def test_the_protocols_own_sentences_stand() -> None:
    korean = words.replies().ko
    assert (
        korean.opening == "안녕하세요! {said}에 대해 말씀해주셔서 감사합니다. 더 자세히 들려주실 수 있나요?"
    )
    assert korean.comfort == ("충분히 이해됩니다. 당신의 마음을 어루만져줄 수 있는 따뜻한 말을 전해드릴게요.")
    assert "그런 상황이셨군요. 정말 힘드셨을 것 같아요." in korean.heard["sadness"]
    assert "그때 어떤 기분이 드셨나요?" in korean.asks["otherwise"]


def sentences(texts: chain[str]) -> set[str]:
    return {part.strip() for text in texts for part in re.split(r"(?<=[.!?])\s+|\n+", text) if part.strip()}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_belongs_to_two_stages(language: Language) -> None:
    """So that a talk of four stages never says one twice."""
    found = words.replies().of(language)
    stages = [
        sentences(chain([found.opening], found.careful[1], [found.worried[1]])),
        sentences(
            chain(*found.heard.values(), *found.asks.values(), found.careful[2], [found.worried[2]])
        ),
        sentences(
            chain(
                *found.stayed.values(), *found.needs.values(), found.needs_by_theme.values(),
                found.careful[3], [found.worried[3]],
            )
        ),
        sentences(chain([found.comfort], found.comfort_careful, [found.worried[4]])),
        sentences(chain([found.crisis])),
        *(sentences(chain([text])) for text in (*found.worse, *found.again)),
    ]  # fmt: skip
    for one, other in combinations(stages, 2):
        assert one & other == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_stages_two_and_three_ask_on(language: Language) -> None:
    found = words.replies().of(language)
    questions = chain(*found.asks.values(), *found.needs.values(), found.needs_by_theme.values())
    assert [question for question in questions if not question.endswith("?")] == []
