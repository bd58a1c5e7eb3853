"""Moonshine's tiny English model, which comes in its wheel (version 0.1.0; later ones fetch theirs)."""

from typing import Any, Final

from moonshine_voice.moonshine_api import ModelArch
from moonshine_voice.transcriber import Transcriber
from moonshine_voice.utils import get_model_path

from voice_bridge.domain.language import Language
from voice_bridge.engines.audio import HEARING_RATE, Samples

_OPTIONS: Final = {
    "vad_threshold": "0",  # turns are found here; its own cuts words off
    "identify_speakers": "false",
    "return_audio_data": "false",
}
_MADE_UP: Final = frozenset(("", "you", "bye", "thank you", "i"))
"""What it makes of noise."""
_QUIET: Final = 0.003
"""Root mean square below which a word alone is made up."""


class Moonshine:
    """A `free.Model`."""

    is_quick = True

    def __init__(self) -> None:
        """Load the model; about 0.4 s and 150 MB."""
        self._transcriber: Any = Transcriber(str(get_model_path("tiny-en")), ModelArch.TINY, options=_OPTIONS)

    def transcribe(self, samples: Samples, language: Language | None) -> str:
        """As `Model.transcribe`."""
        lines = self._transcriber.transcribe_without_streaming(samples.tolist(), HEARING_RATE).lines
        text = " ".join(line.text.strip() for line in lines)
        words = "".join(
            character for character in text.lower() if character.isalnum() or character == " "
        ).strip()
        is_quiet = float((samples**2).mean()) ** 0.5 < _QUIET
        return "" if not words or (is_quiet and words in _MADE_UP) else text.strip()
