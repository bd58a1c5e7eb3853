"""What can be said, as rules."""

import pytest

from voice_bridge.engines.local.catalogue import Catalogue, goes_on

CATALOGUE = Catalogue(
    ("get all contacts", "find {name}", "find {name} in paris", "analyze sales of {year}"), ("Alice Smith",)
)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("get all", True),
        ("get all contacts", False),
        ("no", True),
        ("no thank you", False),
        ("find", True),
        ("find alice", True),
        ("find alice smith", True),
        ("find alice smith in", True),
        ("find alice smith in paris", False),
        ("find smith in paris", False),
        ("analyze sales of", True),
        ("analyze sales of twenty ten", True),
        ("twenty", True),
    ],
)
def test_what_may_follow(words: str, expected: bool) -> None:
    assert goes_on(CATALOGUE, words.split()) is expected
