"""Human speech, from the clips in ``tests/human_speech``."""

import json
import wave
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).with_name("human_speech")
RATE = 16_000


def clips() -> Iterator[tuple[str, str, bytes]]:
    """Name, words and audio (PCM16, mono, at `RATE`) of each clip."""
    for name, words in json.loads((FOLDER / "transcripts.json").read_text()).items():
        with wave.open(str(FOLDER / f"{name}.wav")) as clip:
            yield name, words, clip.readframes(clip.getnframes())
