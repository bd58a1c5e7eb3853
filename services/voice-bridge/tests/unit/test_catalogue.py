"""What can be said, as rules."""

import pytest

from voice_bridge.domain.endpointing import Outlook
from voice_bridge.engines.local.catalogue import Catalogue, grammar, is_choice, outlook

CATALOGUE = Catalogue(
    ("get all contacts", "find {name}", "find {name} in paris", "analyze sales of {year}"), ("Alice Smith",)
)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("get all", Outlook.OPEN),
        ("get all contacts", Outlook.COMPLETE),
        ("no", Outlook.UNKNOWN),
        ("no thank you", Outlook.COMPLETE),
        ("stop", Outlook.COMPLETE),
        ("find", Outlook.OPEN),
        ("find alice", Outlook.UNKNOWN),
        ("find alice smith", Outlook.UNKNOWN),
        ("find alice smith in", Outlook.OPEN),
        ("find alice smith in paris", Outlook.COMPLETE),
        ("find smith in paris", Outlook.COMPLETE),
        ("analyze sales of", Outlook.OPEN),
        ("analyze sales of twenty ten", Outlook.UNKNOWN),
        ("twenty", Outlook.UNKNOWN),
        ("", Outlook.UNKNOWN),
        ("purple", Outlook.UNKNOWN),
    ],
)
def test_what_may_follow(words: str, expected: Outlook) -> None:
    assert outlook(CATALOGUE, words.split()) is expected


def test_without_names_no_phrase_needs_them() -> None:
    assert "<name>" not in grammar(Catalogue(("get all contacts",)))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("seven", True),
        ("twenty two", True),
        ("the next ones", True),
        ("go on", True),
        ("alice", True),
        ("alice smith", False),
        ("find alice", False),
        ("yes", False),
        ("", False),
    ],
)
def test_what_means_something_only_after_an_answer(words: str, expected: bool) -> None:
    assert is_choice(CATALOGUE, words.split()) is expected
