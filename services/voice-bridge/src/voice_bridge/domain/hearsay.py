"""Whether what was understood is only what the voice itself was saying. Pure."""

from difflib import SequenceMatcher
from typing import Final

from voice_bridge.domain.remarks import plain

_LONGEST: Final = 60
"""Words that are compared; more of them are no echo of an answer."""
_FEWEST: Final = 3
_SHARE: Final = 0.75


def is_echo_of(heard: str, said: str) -> bool:
    """Whether nearly all the words that were heard were being said, in that order.

    A word or two may well be repeated by the user, and are never taken for an echo.
    """
    words, spoken = plain(heard).split()[:_LONGEST], plain(said).split()[: 2 * _LONGEST]
    if len(words) < _FEWEST:
        return False
    matcher = SequenceMatcher(None, words, spoken, autojunk=False)
    return sum(block.size for block in matcher.get_matching_blocks()) >= _SHARE * len(words)
