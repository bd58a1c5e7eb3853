"""What users of voice say in tests, made by espeak-ng as the wheel has it: no program has to be installed."""

import json
import subprocess
import sys
import wave
from functools import cache
from pathlib import Path

SPOKEN_RATE = 22_050
_LENGTH_BYTES = 4


@cache
def spoken(text: str, voice: str = "en-us+f3", rate: int = 150) -> bytes:
    """A text as PCM16, mono, at `SPOKEN_RATE`; `rate` is in words a minute.

    The same each time, which espeak-ng by itself does not promise.
    """
    request = {"op": "speak", "text": text, "voice": voice, "pitch": 50, "rate": rate}
    program = [sys.executable, "-m", "voice_bridge.engines.speech_child"]
    asked = json.dumps(request).encode() + b"\n"
    answer = subprocess.run(program, input=asked, capture_output=True, check=True).stdout
    pcm = bytearray()
    while size := int.from_bytes(answer[:_LENGTH_BYTES], "big"):
        pcm += answer[_LENGTH_BYTES : _LENGTH_BYTES + size]
        answer = answer[_LENGTH_BYTES + size :]
    return bytes(pcm)


def record(file: Path, *parts: str | float) -> None:
    """Write a WAV file of texts that are spoken, and of silences by their seconds."""
    with wave.open(str(file), "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(SPOKEN_RATE)
        for part in parts:
            writer.writeframes(spoken(part) if isinstance(part, str) else bytes(2 * int(SPOKEN_RATE * part)))
