"""Which language a message is in, and the form of it that the rules read. Next: `patterns`."""

import re
import unicodedata
from typing import Final

from contracts.events.quote import Language

_SYLLABLE: Final = re.compile("[가-힣]")
_JAMO: Final = re.compile("[ㄱ-ㅎㅏ-ㅣ]")
_LATIN: Final = re.compile("[A-Za-z]")
_INVISIBLE: Final = re.compile("[\u200b-\u200f\u2060\ufe0e\ufe0f\ufeff]")
_LONG_RUN: Final = re.compile(r"(.)\1{2,}", re.DOTALL)
_QUOTES: Final = str.maketrans({"‘": "'", "’": "'", "ʼ": "'", "`": "'", "“": '"', "”": '"'})


def language_of(text: str, otherwise: Language) -> Language:
    """The language most of `text` is written in, or `otherwise` when it holds no letters.

    A Hangul syllable counts for two Latin letters, because it holds about as much.
    """
    korean = 2 * len(_SYLLABLE.findall(text)) + len(_JAMO.findall(text))
    english = len(_LATIN.findall(text))
    if korean == english:
        return otherwise
    return "ko" if korean > english else "en"


def has_words(text: str) -> bool:
    """Whether `text` says something in words, not in emoji, jamo or punctuation alone."""
    return bool(_SYLLABLE.search(text) or _LATIN.search(text))


def normalise(text: str) -> str:
    """Lower case, one form of each character, single spaces, no run of a character longer than two.

    NFC and not NFKC, which would take the jamo of "ㅠㅠ" for parts of syllables.
    """
    text = _INVISIBLE.sub("", unicodedata.normalize("NFC", text)).translate(_QUOTES).casefold()
    return _LONG_RUN.sub(r"\1\1", " ".join(text.split()))
