"""espeak-ng in a process of its own, over the library in the `espeakng-loader` wheel.

Run as ``python -m voice_bridge.engines.speech_child``. espeak-ng is under the GPL, so the service process
never loads it: it writes requests here as lines of JSON, ``{"op", "text", "voice", "pitch", "rate"}``, and
reads answers: chunks, each after its length in 4 bytes (big-endian), and an empty chunk at the end.
The answer to ``speak`` is PCM16 at 22.05 kHz, to ``pronounce`` the text in IPA.
"""

import ctypes
import json
import sys
from typing import Any, BinaryIO, Final

import espeakng_loader

_SYNCHRONOUS: Final = 2
_UTF8: Final = 1
_RATE: Final = 1
_PITCH: Final = 3
_IPA: Final = 2
_SEED: Final = 1
"""espeak-ng's hiss is random, and by the clock at that: a sentence is to sound alike whenever it is said."""

_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class Synthesizer:
    """The library, set up to hand its audio to `out`."""

    def __init__(self, out: BinaryIO) -> None:
        """Load the library.

        Raises:
            OSError: if it cannot be loaded or does not find its data.
        """
        self._out = out
        self._library = ctypes.CDLL(str(espeakng_loader.get_library_path()))
        self._library.espeak_TextToPhonemes.restype = ctypes.c_char_p
        rate = self._library.espeak_Initialize(
            _SYNCHRONOUS, 0, str(espeakng_loader.get_data_path()).encode(), 0
        )
        if rate <= 0:
            raise OSError("espeak-ng did not find its data")
        self._callback = _CALLBACK(self._take)
        self._library.espeak_SetSynthCallback(self._callback)

    def _take(self, samples: Any, count: int, _events: Any) -> int:
        if samples and count > 0:
            self.write(ctypes.string_at(samples, count * 2))
        return 0

    def write(self, chunk: bytes) -> None:
        """One chunk of an answer; an empty one ends it."""
        self._out.write(len(chunk).to_bytes(4, "big") + chunk)
        self._out.flush()

    def answer(self, request: dict[str, Any]) -> None:
        """Carry out one request."""
        text = request["text"].replace("\0", " ").encode()
        self._library.espeak_SetVoiceByName(request["voice"].encode())
        if request["op"] == "pronounce":
            self._pronounce(text)
        else:
            self._library.espeak_SetParameter(_RATE, request["rate"], 0)
            self._library.espeak_SetParameter(_PITCH, request["pitch"], 0)
            self._library.espeak_ng_SetRandSeed(_SEED)
            self._library.espeak_Synth(text, len(text) + 1, 0, 0, 0, _UTF8, None, None)
        self.write(b"")

    def _pronounce(self, text: bytes) -> None:
        rest = ctypes.c_char_p(text)
        while rest.value:
            self.write(self._library.espeak_TextToPhonemes(ctypes.byref(rest), _UTF8, _IPA) + b" ")


def main() -> None:
    """Answer requests until the input ends."""
    synthesizer = Synthesizer(sys.stdout.buffer)
    for line in sys.stdin.buffer:
        synthesizer.answer(json.loads(line))


if __name__ == "__main__":
    main()
