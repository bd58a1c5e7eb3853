"""A client whose loudspeaker is heard by its microphone, dry or in a room."""

from typing import Final, TypeAlias

import numpy as np
import soxr
from numpy.typing import NDArray
from tests.spoken import SPOKEN_RATE, spoken

from voice_bridge.domain.endpointing import VadSettings
from voice_bridge.domain.speech import SAMPLE_RATE
from voice_bridge.engines.echo import EchoGuard
from voice_bridge.engines.hearing import Heard, Hearing

Samples: TypeAlias = NDArray[np.float32]

FRAME: Final = 960
"""Samples of 40 ms."""
AHEAD: Final = 10
"""Frames that a client holds."""
LEVELS: Final = ((-12, 60), (-20, 350), (-30, 180))
"""How loud an echo comes back, in dB, and how late, in ms."""
DRY: Final = np.ones(1, np.float32)
_REPLIES: Final = (
    ("I found twenty contacts. The first are Mia Tanaka and Liam Patel. Shall I go on?", "en-us+steph"),
    ("Sales in 2023 come to about seven billion. September stands out. Shall I go on?", "en-us+m3"),
    ("연락처 20건을 찾았습니다. 먼저 김민준, 이서연, 박도윤입니다. 계속할까요?", "ko+f3"),
)


def at_client_rate(pcm: bytes, rate: int) -> Samples:
    samples = np.frombuffer(pcm, "<i2").astype(np.float32) / 32768
    return np.asarray(soxr.resample(samples, rate, SAMPLE_RATE), np.float32)


def pcm_of(samples: Samples) -> bytes:
    return bytes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())


def replies() -> list[Samples]:
    """Three replies in three voices and two languages, 12 s together."""
    return [at_client_rate(spoken(text, voice, 165), SPOKEN_RATE) for text, voice in _REPLIES]


def room(seconds: float, direct_db: float) -> Samples:
    """The impulse response of a room whose sound falls by 60 dB in so many seconds.

    Args:
        direct_db: how much louder the direct sound is than all that comes later.
    """
    times = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    late = np.random.default_rng(3).normal(size=len(times)) * 10 ** (-3 * times / seconds)
    late[: round(0.003 * SAMPLE_RATE)] = 0
    response = late * np.sqrt(10 ** (-direct_db / 10) / np.sum(late**2))
    response[0] += 1
    return np.asarray(response / np.sqrt(np.sum(response**2)), np.float32)


class Line:
    """One client: its microphone hears what is played, and noise.

    Attributes:
        now: seconds since it connected.
        level_db: how loud what is played comes back.
    """

    def __init__(self, level_db: float, delay_ms: int, response: Samples = DRY) -> None:
        self.now = 0.0
        self.echo = EchoGuard()
        self.hearing = Hearing(VadSettings(), lambda: self.now, self.echo)
        self.level_db = level_db
        self._response = response
        self._delay = round(delay_ms * SAMPLE_RATE / 1000)
        self._random = np.random.default_rng(7)

    def play(self, reply: Samples, over: Samples | None = None, longer: float = 1.0) -> list[Heard]:
        """Play a reply and listen some seconds longer; a person says `over` from its first second on."""
        microphone = self._microphone(reply, longer)
        if over is not None:
            microphone[SAMPLE_RATE : SAMPLE_RATE + len(over)] += over[: len(microphone) - SAMPLE_RATE]
        sent, until = 0, 0.0
        found: list[Heard] = []
        for number in range(len(microphone) // FRAME):
            while sent <= number + AHEAD and (sent + 1) * FRAME <= len(reply):
                frame = reply[sent * FRAME : (sent + 1) * FRAME]
                until = max(self.now, until) + 0.04
                self.echo.played(pcm_of(frame), until)
                sent += 1
            found += self.hearing.feed(pcm_of(microphone[number * FRAME : (number + 1) * FRAME]))
            self.now += 0.04
        return found

    def say(self, said: Samples) -> list[Heard]:
        """What a person says when nothing is played."""
        found: list[Heard] = []
        heard = np.asarray(said + self._random.normal(size=len(said)) * 10 ** (-68 / 20), np.float32)
        for start in range(0, len(heard), FRAME):
            found += self.hearing.feed(pcm_of(heard[start : start + FRAME]))
            self.now += 0.04
        return found

    def _microphone(self, played: Samples, longer: float) -> Samples:
        length = len(played) + len(self._response) - 1
        spectrum = np.fft.rfft(played, length) * np.fft.rfft(self._response, length)
        echo = np.fft.irfft(spectrum, length) * 10 ** (self.level_db / 20)
        heard = np.concatenate([np.zeros(self._delay), echo, np.zeros(round(longer * SAMPLE_RATE))])
        return np.asarray(heard + self._random.normal(size=len(heard)) * 10 ** (-68 / 20), np.float32)
