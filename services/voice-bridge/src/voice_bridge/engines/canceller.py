"""Takes the voice's own echo out of what the recognizer hears, by WebRTC's canceller (AEC3).

AEC3 learns delay and room within half a second, and leaves of an echo what noise leaves. But what it makes of
a word that is said over the echo is full of holes, and a word is louder than the echo under it. So where most
of the sound passes AEC3, the sound is given as it came, and AEC3's where it is echo.
"""

from collections import deque
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pywebrtc_audio import AudioProcessor

from voice_bridge.domain.speech import SAMPLE_RATE
from voice_bridge.engines.audio import HEARING_RATE, Resampler

_Pcm: TypeAlias = NDArray[np.int16]

GAP_SECONDS: Final = 0.05
"""Audio that comes no later than this after what was played before follows it without a pause."""
_BLOCK: Final = HEARING_RATE // 100
"""AEC3 works on 10 ms."""
_LAG: Final = 128
"""Samples by which AEC3's filters delay what they are given."""
_PRIMED: Final = 128
"""Samples that are given before any, so that a frame of 512 comes out for each that goes in."""
_PASSES: Final = 1.5
"""A block that keeps two thirds of its energy is the user's."""
_FALL: Final = 0.5
"""How fast a word fades out, by block: its last sound is as quiet as an echo."""


class Canceller:
    """One session's. `played` may be called by another thread than `clean`."""

    def __init__(self) -> None:
        self._processor = AudioProcessor(sample_rate=HEARING_RATE, echo_cancellation=True)
        self._resampler = Resampler(SAMPLE_RATE, HEARING_RATE)
        self._incoming: deque[tuple[bytes, float, bool]] = deque()
        self._until = 0.0
        self._far = np.zeros(0, np.int16)
        self._near = np.zeros(0, np.int16)
        self._late = np.zeros(_LAG, np.int16)
        self._ready = np.zeros(_PRIMED, np.int16)
        self._gain = 1.0

    def played(self, pcm: bytes, until: float) -> None:
        """As `EchoGuard.played`."""
        starts = until - len(pcm) / (SAMPLE_RATE * 2)
        follows = abs(starts - self._until) <= GAP_SECONDS
        self._incoming.append((pcm, starts, follows))
        self._until = until

    def clean(self, frame: bytes, now: float, *, may_echo: bool, has_echo: bool) -> bytes:
        """A frame of the microphone's (PCM16, 16 kHz, 32 ms) without echo, as long, 16 ms later.

        Args:
            now: monotonic seconds at which its last sample was heard.
            may_echo: whether there can be an echo in it, of which AEC3 learns.
            has_echo: whether one was found; else it is given as it came, since AEC3 expects one and takes
                the user for it.
        """
        self._near = np.concatenate([self._near, np.frombuffer(frame, "<i2")])
        self._place(now)
        whole = len(self._near) // _BLOCK * _BLOCK
        near, self._near = self._near[:whole], self._near[whole:]
        far = np.concatenate([self._far[:whole], np.zeros(max(0, whole - len(self._far)), np.int16)])
        self._far = self._far[whole:]
        late = np.concatenate([self._late, near])
        given, self._late = late[:whole], late[whole:]
        cleaned = self._processor.process(near, far) if may_echo else given
        if has_echo:
            given = self._mixed(given, cleaned)
        out = np.concatenate([self._ready, given])
        count = len(frame) // 2
        self._ready = out[count:]
        return bytes(out[:count].astype("<i2").tobytes())

    def _place(self, now: float) -> None:
        """Put what was played to where it is heard first, if nothing delays it."""
        while self._incoming:
            pcm, starts, follows = self._incoming.popleft()
            if not follows:
                # What was still to be heard of a reply that was cut is heard no more.
                ahead = max(0, len(self._near) + round((starts - now) * HEARING_RATE))
                silence = np.zeros(max(0, ahead - len(self._far)), np.int16)
                self._far = np.concatenate([self._far[:ahead], silence])
            self._far = np.concatenate([self._far, np.frombuffer(self._resampler.feed(pcm), "<i2")])

    def _mixed(self, heard: _Pcm, cleaned: _Pcm) -> _Pcm:
        blocks = heard.reshape(-1, _BLOCK).astype(np.float64)
        left = cleaned.reshape(-1, _BLOCK).astype(np.float64)
        kept = (left**2).sum(axis=1) / np.maximum(1.0, (blocks**2).sum(axis=1))
        for number, share in enumerate(kept):
            self._gain = max(min(1.0, share * _PASSES), self._gain * _FALL)
            left[number] += self._gain * (blocks[number] - left[number])
        return np.asarray(left.reshape(-1), np.int16)
