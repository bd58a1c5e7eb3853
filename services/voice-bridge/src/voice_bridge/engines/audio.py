"""Sample rates: streaming conversion of PCM16 mono from one rate to another."""

from typing import Final, TypeAlias

import numpy as np
import soxr
from numpy.typing import NDArray

Samples: TypeAlias = NDArray[np.float32]
"""Mono, within -1 and 1."""

HEARING_RATE: Final = 16_000
"""What voice activity detection and recognition work at, in Hz."""


class Resampler:
    """Converts a stream block by block; the blocks it gives are shifted by a few milliseconds."""

    def __init__(self, source_rate: int, target_rate: int) -> None:
        self._stream = soxr.ResampleStream(source_rate, target_rate, 1, dtype="int16", quality="MQ")

    def feed(self, pcm: bytes, *, last: bool = False) -> bytes:
        """What can be converted so far; with `last` also what the filter still holds."""
        samples: np.ndarray[tuple[int], np.dtype[np.int16]] = np.frombuffer(pcm, dtype="<i2").astype(np.int16)
        return bytes(self._stream.resample_chunk(samples, last=last).tobytes())


def samples_of(pcm: bytes) -> Samples:
    """PCM16 as samples."""
    return np.asarray(np.frombuffer(pcm, "<i2"), np.float32) / np.float32(32768)
