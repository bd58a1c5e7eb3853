"""The eight voices of the protocol as espeak-ng speaks them."""

from dataclasses import dataclass
from typing import Final

from protocols.voice.wire import Voice
from voice_bridge.domain.language import Language


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


ESPEAK_NAMES: Final[dict[Language, str]] = {"en": "en-us", "ko": "ko"}
"""Its voices by language; the Korean one reads Latin words as well."""
