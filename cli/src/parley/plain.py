"""Text of others on a terminal: nothing in it may move the cursor or turn the line around."""

import unicodedata
from typing import Final

_KEPT: Final = "\u200c\u200d"
"""The joiners, which only tell how letters and emoji are drawn."""


def plain(text: str) -> str:
    """The text with control and format characters, bidirectional ones included, as escapes."""
    return "".join(map(_shown, text))


def _shown(character: str) -> str:
    if unicodedata.category(character)[0] != "C" or character in _KEPT:
        return character
    return character.encode("unicode_escape").decode()
