"""The eight voices of the protocol as espeak-ng speaks them, and the language a text is in."""

from dataclasses import dataclass
from typing import Final

from protocols.voice.wire import Voice


@dataclass(frozen=True, slots=True)
class Timbre:
    """How espeak-ng speaks with one voice.

    Attributes:
        variant: name of the espeak-ng voice variant.
        pitch: 0 to 99; espeak-ng's own default is 50.
        rate: words a minute.
    """

    variant: str
    pitch: int
    rate: int


TIMBRES: Final[dict[Voice, Timbre]] = {
    "alloy": Timbre("steph", 50, 165),
    "ash": Timbre("m3", 40, 160),
    "ballad": Timbre("Michael", 35, 150),
    "coral": Timbre("f3", 60, 170),
    "echo": Timbre("m7", 45, 165),
    "sage": Timbre("f1", 55, 155),
    "shimmer": Timbre("Annie", 65, 170),
    "verse": Timbre("Gene", 50, 175),
}


def language_of(text: str) -> str:
    """``ko`` for text with any Hangul in it, else ``en-us``; the Korean voice reads Latin words as well."""
    return "ko" if any("\uac00" <= character <= "\ud7a3" for character in text) else "en-us"
