"""What users have written is shown to operators without effect on the terminal."""

import pytest

from parley.plain import plain


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("안녕 👨\u200d👩\u200d👧 می\u200cخواهم", "안녕 👨\u200d👩\u200d👧 می\u200cخواهم"),
        ("a\x1b[2Jb", "a\\x1b[2Jb"),
        ("\x9b31m", "\\x9b31m"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\u2066\u2069\u200e\u061c", "\\u2066\\u2069\\u200e\\u061c"),
        ("\U000e0041", "\\U000e0041"),
        ("a\nb\x7f", "a\\nb\\x7f"),
    ],
)
def test_nothing_of_it_moves_the_cursor(text: str, shown: str) -> None:
    assert plain(text) == shown
